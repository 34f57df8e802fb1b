// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.health;

import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Notices a reconciliation that does not come to an end. The client waits without a limit for the
 * rest of an answer that has begun, and nobody else reconciles the same resource meanwhile: only a
 * restart of the operator helps, which changes nothing else.
 */
public final class RunningReconciliations implements Metrics {
  private record Running(String what, Instant since) {}

  private final Map<Thread, Running> running = new ConcurrentHashMap<>();
  private final InstantSource clock;
  private final Duration limit;

  /**
   * None is running.
   *
   * @param limit the longest time that one may take
   */
  public RunningReconciliations(InstantSource clock, Duration limit) {
    this.clock = clock;
    this.limit = limit;
  }

  @Override
  public <T> T timeControllerExecution(ControllerExecution<T> execution) throws Exception {
    String what = execution.controllerName() + " of " + execution.resourceID();
    running.put(Thread.currentThread(), new Running(what, clock.instant()));
    try {
      return execution.execute();
    } finally {
      running.remove(Thread.currentThread());
    }
  }

  /** The one that has run for longest, if that is too long. */
  public Optional<String> illness() {
    return running.values().stream()
        .min(Comparator.comparing(Running::since))
        .filter(one -> Duration.between(one.since(), clock.instant()).compareTo(limit) > 0)
        .map(one -> one.what() + " has been running since " + one.since());
  }
}
