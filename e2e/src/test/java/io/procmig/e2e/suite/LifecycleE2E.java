// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.MigrationSource;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.e2e.lab.Command;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Kind;
import io.procmig.e2e.program.Program;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** What a user does with a ProcessMigration, and what it answers. */
@Order(2)
class LifecycleE2E {
  private static final Lab LAB = Lab.get();

  @BeforeAll
  static void capable() {
    LAB.awaitCapable();
  }

  @Test
  void waitReturnsAndApplyingAgainChangesNothing() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA())) {
      program.awaitLines(2);
      Migration migration = Migration.of(program, "once", "node-a", "node-b").apply();

      Command wait = LAB.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pmig/once");
      assertEquals(0, wait.status(), wait::output);
      ProcessMigration finished = migration.get();
      ProcessMigration again = migration.applyAgain();
      assertEquals(
          Serialization.asYaml(finished.getStatus()), Serialization.asYaml(again.getStatus()));
      assertEquals(finished.getMetadata().getGeneration(), again.getMetadata().getGeneration());

      program.assertRunsOnlyOn(LAB.nodeB());
      program.endAndCompare(LAB.nodeB());
    }
  }

  @Test
  void findsTheProcessBySelectorAndTheTargetByLabels() {
    try (Program program = Program.start(Kind.APPEND, LAB.nodeA())) {
      program.awaitLines(2);
      Migration migration =
          Migration.of(
                  new MigrationSource(
                      "node-a",
                      null,
                      new ProcessSelector(
                          "append", "append nowhere|" + program.outputThere(), 1000L),
                      null),
                  new MigrationTarget(null, Map.of("kubernetes.io/hostname", "node-b")),
                  "selected")
              .apply();
      ProcessMigrationStatus status = migration.assertSucceeds();
      assertEquals(program.pid(), status.getProcess().pid());
      assertEquals("node-b", status.getTarget().nodeName());
      assertEquals(program.pid(), status.getTarget().pid());
      assertNotNull(status.getTimings().downtime());
      program.endAndCompare(LAB.nodeB());
    }
  }

  @Test
  void dryRunTouchesNothing() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA())) {
      program.awaitLines(2);
      Migration migration = Migration.of(program, "dry", "node-a", "node-b").dryRun().apply();
      ProcessMigrationStatus status = migration.awaitOver();
      assertEquals(MigrationPhase.Succeeded, status.getPhase());
      assertEquals("True", migration.condition(Api.PREFLIGHTED));
      assertEquals("True", migration.condition(Api.SOURCE_INTACT));
      assertEquals(Reason.DryRunPassed.name(), migration.readyReason());
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }

  @Test
  void suspendHoldsItBack() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA())) {
      program.awaitLines(2);
      Migration migration =
          Migration.of(program, "suspended", "node-a", "node-b").suspended().apply();
      migration.await(
          "suspended",
          s ->
              s.getConditions().stream()
                  .anyMatch(c -> Reason.Suspended.name().equals(c.getReason())));
      program.assertRunsOnlyOn(LAB.nodeA());
      migration.patch("{\"spec\":{\"suspend\":false}}");
      migration.assertSucceeds();
      program.assertRunsOnlyOn(LAB.nodeB());
      program.endAndCompare(LAB.nodeB());
    }
  }
}
