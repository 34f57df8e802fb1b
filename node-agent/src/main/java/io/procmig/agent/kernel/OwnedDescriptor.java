// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.concurrent.atomic.AtomicBoolean;

/** A file descriptor and the duty to close it. Closing twice is harmless. */
final class OwnedDescriptor implements AutoCloseable {
  private final int number;
  private final String object;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Takes over a descriptor.
   *
   * @param number what the call returned
   * @param object what it refers to, for messages
   */
  OwnedDescriptor(int number, String object) {
    this.number = number;
    this.object = object;
  }

  /** Opens a file; close-on-exec. */
  static OwnedDescriptor open(String path, int flags) {
    int number = Libc.open(path, flags | Libc.O_CLOEXEC);
    if (number < 0) {
      throw new KernelException("open", path, Libc.errno());
    }
    return new OwnedDescriptor(number, path);
  }

  /** The number, for a native call. */
  int number() {
    if (closed.get()) {
      throw new KernelException("use of a closed descriptor", object, Errno.EBADF);
    }
    return number;
  }

  /** What it refers to, for messages. */
  String object() {
    return object;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Libc.close(number);
    }
  }
}
