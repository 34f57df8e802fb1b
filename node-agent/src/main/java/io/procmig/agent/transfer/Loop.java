// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import java.time.Duration;

/**
 * The one thread that a session lives on. Everything that a session does happens in order on its
 * loop; answers, kernel events and timers are posted there.
 */
public interface Loop {
  /** Runs something after all that was posted before. Ignored after {@link #close}. */
  void post(Runnable work);

  /** Runs something later. */
  Timer after(Duration delay, Runnable work);

  /** A clock for measuring, nanoseconds. */
  long nanoTime();

  /** Drops what has not run yet. */
  void close();

  /** Something that will run. */
  interface Timer {
    /** Harmless when it ran already. */
    void cancel();
  }
}
