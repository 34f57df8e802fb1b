// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that calls the API server: heartbeats and statuses, one after the other. A call that
 * does not come back is interrupted, and fails by that: the client waits without a limit for the
 * rest of an answer that has begun, so a server or a network that goes away in the middle would
 * silence the agent for good.
 */
final class ApiThread extends ScheduledThreadPoolExecutor {
  private static final Logger LOG = LoggerFactory.getLogger(ApiThread.class);

  private final Duration limit;
  private final ScheduledExecutorService clock;
  private long begun;
  private Future<?> end;

  /**
   * A thread without work.
   *
   * @param limit the longest time for one piece of work
   */
  ApiThread(Duration limit, ThreadFactory threads) {
    super(1, threads);
    this.limit = limit;
    clock = new ScheduledThreadPoolExecutor(1, threads);
    setRemoveOnCancelPolicy(true);
    setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  protected void beforeExecute(Thread thread, Runnable work) {
    super.beforeExecute(thread, work);
    synchronized (clock) {
      long number = ++begun;
      end = clock.schedule(() -> interrupt(thread, number), limit.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private void interrupt(Thread thread, long number) {
    synchronized (clock) {
      if (end != null && number == begun) {
        LOG.warn("a call to the API server has not come back for {}; it is given up", limit);
        thread.interrupt();
      }
    }
  }

  @Override
  protected void afterExecute(Runnable work, Throwable failure) {
    synchronized (clock) {
      end.cancel(false);
      end = null;
      // It was for this work; what ends the whole thread comes again.
      Thread.interrupted();
    }
    super.afterExecute(work, failure);
  }

  @Override
  protected void terminated() {
    clock.shutdownNow();
    super.terminated();
  }
}
