// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;

/**
 * A connected TCP socket that becomes a channel of a request. It is a native descriptor, because
 * the kernel takes it over by number. Blocking; the time limits of the agent's own reads and writes
 * are taken off by {@link #handOver}.
 */
public final class DataSocket implements AutoCloseable {
  private final OwnedDescriptor descriptor;

  DataSocket(OwnedDescriptor descriptor, Duration timeout) {
    this.descriptor = descriptor;
    setTimeouts(timeout);
    SocketOptions.putInt(descriptor, Abi.SOL_TCP, Abi.TCP_NODELAY, 1);
  }

  /**
   * Connects.
   *
   * @param address the peer
   * @param timeout for connecting, and for each later send and receive
   * @throws KernelException ETIMEDOUT, ECONNREFUSED and the other errors of connect(2)
   */
  public static DataSocket connect(InetSocketAddress address, Duration timeout) {
    String object = address.toString();
    OwnedDescriptor descriptor = SocketOptions.socket(address.getAddress(), object);
    try {
      SocketOptions.setBlocking(descriptor, false);
      byte[] bytes = SocketAddressBytes.encode(address);
      try (NativeBuffer buffer = new NativeBuffer(bytes.length)) {
        buffer.putBytes(0, bytes);
        if (Libc.connect(descriptor.number(), buffer.pointer(), bytes.length) < 0) {
          int errno = Libc.errno();
          if (errno != Errno.EINPROGRESS && errno != Errno.EINTR) {
            throw new KernelException("connect", object, errno);
          }
        }
      }
      if (!Polling.await(descriptor, Abi.POLLOUT, timeout)) {
        throw new KernelException("connect", object, Errno.ETIMEDOUT);
      }
      int error = SocketOptions.getInt(descriptor, Abi.SOL_SOCKET, Abi.SO_ERROR);
      if (error != 0) {
        throw new KernelException("connect", object, error);
      }
      SocketOptions.setBlocking(descriptor, true);
      return new DataSocket(descriptor, timeout);
    } catch (KernelException e) {
      descriptor.close();
      throw e;
    }
  }

  /** The descriptor's number, for {@link SubmitOrder.Channel}. */
  public int number() {
    return descriptor.number();
  }

  /** Sends everything. */
  public void send(byte[] bytes) {
    try (NativeBuffer buffer = new NativeBuffer(bytes.length)) {
      buffer.putBytes(0, bytes);
      int sent = 0;
      while (sent < bytes.length) {
        long n =
            Libc.send(
                descriptor.number(),
                buffer.pointer().share(sent),
                bytes.length - sent,
                Libc.MSG_NOSIGNAL);
        if (n < 0) {
          failUnlessInterrupted("send");
        } else {
          sent += (int) n;
        }
      }
    }
  }

  /**
   * Receives exactly so many bytes.
   *
   * @throws KernelException ECONNRESET if the peer closed before; EAGAIN if it was silent for the
   *     timeout; EBADMSG if a TLS record does not have our key
   */
  public byte[] receive(int count) {
    try (NativeBuffer buffer = new NativeBuffer(count)) {
      int received = 0;
      while (received < count) {
        long n =
            Libc.recv(descriptor.number(), buffer.pointer().share(received), count - received, 0);
        if (n == 0) {
          throw new KernelException("receive", descriptor.object(), Errno.ECONNRESET);
        }
        if (n < 0) {
          failUnlessInterrupted("receive");
        } else {
          received += (int) n;
        }
      }
      return Arrays.copyOf(buffer.getBytes(0, count), count);
    }
  }

  /**
   * Attaches kernel TLS. Traffic stays in clear until keys are set.
   *
   * @throws KernelException ENOENT the kernel has no {@code tls} module loaded
   */
  public void attachTls() {
    byte[] name = {'t', 'l', 's', 0};
    SocketOptions.put(descriptor, Abi.SOL_TCP, Abi.TCP_ULP, name);
  }

  /** Encrypts what is sent from now on. */
  public void sendWith(TrafficKey key) {
    setKey(Abi.TLS_TX, key);
  }

  /** Decrypts what arrives from now on; nothing encrypted may have arrived yet. */
  public void receiveWith(TrafficKey key) {
    setKey(Abi.TLS_RX, key);
  }

  /** Paces what is sent to so many bytes per second. */
  public void limitRate(long bytesPerSecond) {
    SocketOptions.putLong(descriptor, Abi.SOL_SOCKET, Abi.SO_MAX_PACING_RATE, bytesPerSecond);
  }

  /** Takes the time limits off: the request's watchdog watches from here. */
  public void handOver() {
    setTimeouts(Duration.ZERO);
  }

  @Override
  public void close() {
    descriptor.close();
  }

  private void setKey(int direction, TrafficKey key) {
    try (TlsCryptoInfoStruct info = new TlsCryptoInfoStruct()) {
      info.putShort(TlsCryptoInfoStruct.INFO, Abi.TLS_1_3_VERSION);
      info.putShort(TlsCryptoInfoStruct.INFO + Short.BYTES, Abi.TLS_CIPHER_AES_GCM_128);
      info.putBytes(TlsCryptoInfoStruct.IV, key.iv());
      info.putBytes(TlsCryptoInfoStruct.KEY, key.key());
      info.putBytes(TlsCryptoInfoStruct.SALT, key.salt());
      SocketOptions.put(
          descriptor, Abi.SOL_TLS, direction, info.getBytes(0, TlsCryptoInfoStruct.BYTES));
    }
  }

  private void setTimeouts(Duration timeout) {
    byte[] timeval = SocketOptions.timeval(timeout);
    SocketOptions.put(descriptor, Abi.SOL_SOCKET, Abi.SO_RCVTIMEO, timeval);
    SocketOptions.put(descriptor, Abi.SOL_SOCKET, Abi.SO_SNDTIMEO, timeval);
  }

  private void failUnlessInterrupted(String operation) {
    int errno = Libc.errno();
    if (errno != Errno.EINTR) {
      throw new KernelException(operation, descriptor.object(), errno);
    }
  }
}
