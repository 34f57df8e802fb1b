// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** The C library. {@code long} is {@code size_t}, {@code ssize_t} and {@code unsigned long}. */
final class Libc {
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CLOEXEC = 0x80000;
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int SOCK_STREAM = 1;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOCK_NONBLOCK = 0x800;
  static final int F_GETFL = 3;
  static final int F_SETFL = 4;
  static final int O_NONBLOCK = 0x800;
  static final int MSG_NOSIGNAL = 0x4000;

  static {
    Native.register(Libc.class, "c");
  }

  private Libc() {}

  static native int open(String path, int flags);

  static native int close(int fd);

  static native int ioctl(int fd, long request, Pointer argument);

  static native long read(int fd, Pointer buffer, long bytes);

  static native int poll(Pointer fds, long count, int timeoutMs);

  static native int fcntl(int fd, int command, long argument);

  static native int socket(int domain, int type, int protocol);

  static native int bind(int fd, Pointer address, int bytes);

  static native int listen(int fd, int backlog);

  static native int accept4(int fd, Pointer address, Pointer bytes, int flags);

  static native int connect(int fd, Pointer address, int bytes);

  static native int getsockname(int fd, Pointer address, Pointer bytes);

  static native int setsockopt(int fd, int level, int name, Pointer value, int bytes);

  static native int getsockopt(int fd, int level, int name, Pointer value, Pointer bytes);

  static native long send(int fd, Pointer buffer, long bytes, int flags);

  static native long recv(int fd, Pointer buffer, long bytes, int flags);

  static native long syscall(long number, long first, Pointer second, long third);

  static native long syscall(long number, Pointer first, long second, long third);

  /** errno of this thread's last call; JNA saves it before anything else can change it. */
  static int errno() {
    return Native.getLastError();
  }
}
