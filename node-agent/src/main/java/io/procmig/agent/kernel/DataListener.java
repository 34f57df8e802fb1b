// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/** A listening TCP socket on a port that the kernel chooses. */
public final class DataListener implements AutoCloseable {
  private static final int BACKLOG = 16;

  private final OwnedDescriptor descriptor;
  private final InetSocketAddress address;

  private DataListener(OwnedDescriptor descriptor, InetSocketAddress address) {
    this.descriptor = descriptor;
    this.address = address;
  }

  /** Listens on one address of this node. */
  public static DataListener open(InetAddress host) {
    String object = "listener on " + host.getHostAddress();
    OwnedDescriptor descriptor = SocketOptions.socket(host, object);
    byte[] bytes = SocketAddressBytes.encode(new InetSocketAddress(host, 0));
    try (NativeBuffer buffer = new NativeBuffer(SocketAddressBytes.MAX_BYTES);
        NativeBuffer length = new NativeBuffer(Integer.BYTES)) {
      buffer.putBytes(0, bytes);
      if (Libc.bind(descriptor.number(), buffer.pointer(), bytes.length) < 0) {
        throw new KernelException("bind", object, Libc.errno());
      }
      if (Libc.listen(descriptor.number(), BACKLOG) < 0) {
        throw new KernelException("listen", object, Libc.errno());
      }
      length.putInt(0, SocketAddressBytes.MAX_BYTES);
      if (Libc.getsockname(descriptor.number(), buffer.pointer(), length.pointer()) < 0) {
        throw new KernelException("getsockname", object, Libc.errno());
      }
      SocketOptions.setBlocking(descriptor, false);
      return new DataListener(
          descriptor, SocketAddressBytes.decode(buffer.getBytes(0, SocketAddressBytes.MAX_BYTES)));
    } catch (KernelException e) {
      descriptor.close();
      throw e;
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /**
   * The next connection, or nothing when none came in time.
   *
   * @param wait how long to wait for it
   * @param timeout for each later send and receive on it
   */
  public Optional<DataSocket> accept(Duration wait, Duration timeout) {
    if (!Polling.await(descriptor, Abi.POLLIN, wait)) {
      return Optional.empty();
    }
    int number = Libc.accept4(descriptor.number(), null, null, Libc.SOCK_CLOEXEC);
    if (number < 0) {
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN || errno == Errno.EINTR || errno == Errno.ECONNRESET) {
        return Optional.empty();
      }
      throw new KernelException("accept", descriptor.object(), errno);
    }
    return Optional.of(
        new DataSocket(new OwnedDescriptor(number, "connection to " + address), timeout));
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
