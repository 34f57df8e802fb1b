// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/** socket(2), getsockopt(2), setsockopt(2), fcntl(2). */
final class SocketOptions {
  private SocketOptions() {}

  static OwnedDescriptor socket(InetAddress address, String object) {
    int number =
        Libc.socket(SocketAddressBytes.family(address), Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
    if (number < 0) {
      throw new KernelException("socket", object, Libc.errno());
    }
    return new OwnedDescriptor(number, object);
  }

  static void put(OwnedDescriptor socket, int level, int name, byte[] value) {
    try (NativeBuffer buffer = new NativeBuffer(value.length)) {
      buffer.putBytes(0, value);
      if (Libc.setsockopt(socket.number(), level, name, buffer.pointer(), value.length) < 0) {
        throw new KernelException(
            "setsockopt(" + level + ", " + name + ")", socket.object(), Libc.errno());
      }
      // Keys pass through here.
      buffer.putBytes(0, new byte[value.length]);
    }
  }

  static void putInt(OwnedDescriptor socket, int level, int name, int value) {
    put(socket, level, name, littleEndian(Integer.BYTES).putInt(value).array());
  }

  static void putLong(OwnedDescriptor socket, int level, int name, long value) {
    put(socket, level, name, littleEndian(Long.BYTES).putLong(value).array());
  }

  static int getInt(OwnedDescriptor socket, int level, int name) {
    try (NativeBuffer value = new NativeBuffer(Integer.BYTES);
        NativeBuffer length = new NativeBuffer(Integer.BYTES)) {
      length.putInt(0, Integer.BYTES);
      if (Libc.getsockopt(socket.number(), level, name, value.pointer(), length.pointer()) < 0) {
        throw new KernelException(
            "getsockopt(" + level + ", " + name + ")", socket.object(), Libc.errno());
      }
      return value.getInt(0);
    }
  }

  /** {@code struct timeval}; zero means no limit. */
  static byte[] timeval(Duration time) {
    return littleEndian(2 * Long.BYTES)
        .putLong(time.getSeconds())
        .putLong(time.getNano() / 1000)
        .array();
  }

  static void setBlocking(OwnedDescriptor socket, boolean blocking) {
    int flags = Libc.fcntl(socket.number(), Libc.F_GETFL, 0);
    if (flags < 0) {
      throw new KernelException("fcntl(F_GETFL)", socket.object(), Libc.errno());
    }
    int wanted = blocking ? flags & ~Libc.O_NONBLOCK : flags | Libc.O_NONBLOCK;
    if (Libc.fcntl(socket.number(), Libc.F_SETFL, wanted) < 0) {
      throw new KernelException("fcntl(F_SETFL)", socket.object(), Libc.errno());
    }
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
