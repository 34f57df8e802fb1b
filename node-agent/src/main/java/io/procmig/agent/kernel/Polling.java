// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.time.Duration;

/** Waiting for one descriptor with poll(2). */
final class Polling {
  private Polling() {}

  /**
   * Waits until the descriptor has one of the events, or an error or hang-up, which the next call
   * on it will tell.
   *
   * @param events POLLIN, POLLOUT
   * @return false when the time is over
   */
  static boolean await(OwnedDescriptor descriptor, int events, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    try (PollStruct poll = new PollStruct()) {
      poll.putInt(PollStruct.FD, descriptor.number());
      poll.putShort(PollStruct.EVENTS, events);
      while (true) {
        long left = deadline - System.nanoTime();
        // Rounded up, so that the time is over when poll says so.
        int leftMs = (int) Math.min(Integer.MAX_VALUE, Math.max(0, (left + 999_999) / 1_000_000));
        int ready = Libc.poll(poll.pointer(), 1, leftMs);
        if (ready > 0) {
          if ((poll.getShort(PollStruct.REVENTS) & Abi.POLLNVAL) != 0) {
            throw new KernelException("poll", descriptor.object(), Errno.EBADF);
          }
          return true;
        }
        int errno = ready < 0 ? Libc.errno() : 0;
        if (ready < 0 && errno != Errno.EINTR) {
          throw new KernelException("poll", descriptor.object(), errno);
        }
        if (ready == 0 && leftMs == 0) {
          return false;
        }
      }
    }
  }
}
