// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A loop on a thread of its own. */
public final class ThreadLoop implements Loop {
  private final ScheduledThreadPoolExecutor executor;

  /** Starts the thread with the first work. */
  public ThreadLoop(String name) {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, name);
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void post(Runnable work) {
    try {
      executor.execute(work);
    } catch (RejectedExecutionException e) {
      // Closed: the session is over.
    }
  }

  @Override
  public Timer after(Duration delay, Runnable work) {
    try {
      ScheduledFuture<?> future = executor.schedule(work, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    } catch (RejectedExecutionException e) {
      return () -> {};
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public void close() {
    executor.shutdown();
  }
}
