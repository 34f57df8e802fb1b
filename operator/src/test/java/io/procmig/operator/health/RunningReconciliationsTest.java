// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.javaoperatorsdk.operator.api.monitoring.Metrics.ControllerExecution;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Only one that takes too long, and only while it does, is an illness. */
class RunningReconciliationsTest {
  private record Execution<T>(Callable<T> work) implements ControllerExecution<T> {
    @Override
    public String name() {
      return "reconcile";
    }

    @Override
    public String controllerName() {
      return "migration";
    }

    @Override
    public String successTypeName(T result) {
      return "done";
    }

    @Override
    public ResourceID resourceID() {
      return new ResourceID("bc", "default");
    }

    @Override
    public Map<String, Object> metadata() {
      return Map.of();
    }

    @Override
    public T execute() throws Exception {
      return work.call();
    }
  }

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final RunningReconciliations running =
      new RunningReconciliations(() -> now, Duration.ofMinutes(5));

  private Optional<String> illnessAfter(Duration time) {
    now = now.plus(time);
    return running.illness();
  }

  @Test
  void oneThatTakesTooLongIsNamed() throws Exception {
    Optional<String> illness =
        running.timeControllerExecution(
            new Execution<>(
                () -> {
                  assertEquals(Optional.empty(), illnessAfter(Duration.ofMinutes(5)));
                  return illnessAfter(Duration.ofSeconds(1));
                }));
    String id = new ResourceID("bc", "default").toString();
    assertEquals(
        Optional.of("migration of " + id + " has been running since 2026-01-01T00:00:00Z"),
        illness);
    assertEquals(Optional.empty(), running.illness());
  }

  @Test
  void oneThatFailsIsOver() {
    assertThrows(
        IllegalStateException.class,
        () ->
            running.timeControllerExecution(
                new Execution<>(
                    () -> {
                      throw new IllegalStateException("no");
                    })));
    assertEquals(Optional.empty(), illnessAfter(Duration.ofHours(1)));
  }
}
