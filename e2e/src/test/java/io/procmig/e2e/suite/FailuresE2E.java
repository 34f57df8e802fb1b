// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Kind;
import io.procmig.e2e.program.Program;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** Whatever breaks, one copy runs, it has lost nothing, and the object tells which one it is. */
@Order(5)
@Isolated
class FailuresE2E {
  private static final Lab LAB = Lab.get();

  /** A counter takes some seven seconds at this rate: time to break something. */
  private static final String SLOW = "512kbit";

  /** Time for two of them. */
  private static final String SLOWER = "256kbit";

  private final Node source = LAB.nodeA();
  private final Node target = LAB.nodeB();
  private Program program;

  @BeforeEach
  void start() {
    LAB.awaitCapable();
    program = Program.start(Kind.COUNTER, source).awaitLines(2);
  }

  @AfterEach
  void repair() {
    source.speedUp();
    target.speedUp();
    program.close();
  }

  private Migration frozen(String name) {
    source.slowDown(target, SLOW);
    return Migration.of(program, name, source.name(), target.name()).apply().awaitFrozen();
  }

  private void assertStayed(Migration migration) {
    migration.assertLeftOnSource();
    program.assertRunsOnlyOn(source);
    program.endAndCompare(source);
  }

  /**
   * The agents may have been quicker than what broke; then the object must say so, and be right.
   */
  private void assertOneCopy(Migration migration) {
    ProcessMigrationStatus status = migration.awaitOverThroughOutage();
    boolean moved = status.getPhase() == MigrationPhase.Succeeded;
    assertEquals(moved ? "False" : "True", migration.condition(Api.SOURCE_INTACT));
    Node home = moved ? target : source;
    program.assertRunsOnlyOn(home);
    program.endAndCompare(home);
  }

  /** One migration each way: the same agent is one's target and the other's source. */
  @Test
  void targetAgentAndSourceAgentKilled() {
    try (Program opposite = Program.start(Kind.COUNTER, target).awaitLines(2)) {
      source.slowDown(target, SLOWER);
      target.slowDown(source, SLOWER);
      Migration there = Migration.of(program, "kill-target-agent", "node-a", "node-b").apply();
      Migration back = Migration.of(opposite, "kill-source-agent", "node-b", "node-a").apply();
      there.awaitFrozen();
      back.awaitFrozen();
      LAB.killAgent(target);
      assertStayed(there);
      back.assertLeftOnSource();
      opposite.assertRunsOnlyOn(target);
      opposite.endAndCompare(target);
    }
  }

  @Test
  void sourceAgentKilledAboutTheCommit() {
    Migration migration = Migration.of(program, "kill-at-commit", "node-a", "node-b").apply();
    migration.await(
        "near its commit",
        s ->
            s.getCompletionTime() != null
                || s.getPhase() != null && s.getPhase().compareTo(MigrationPhase.Preflight) > 0);
    LAB.killAgent(source);
    assertOneCopy(migration);
  }

  @Test
  void targetAgentKilledAboutTheCommit() {
    Migration migration = Migration.of(program, "kill-near-go", "node-a", "node-b").apply();
    migration.await(
        "near its commit",
        s ->
            s.getCompletionTime() != null
                || s.getPhase() != null && s.getPhase().compareTo(MigrationPhase.Preflight) > 0);
    LAB.killAgent(target);
    assertOneCopy(migration);
  }

  @Test
  void operatorKilled() {
    Migration migration = frozen("kill-operator");
    LAB.killOperator();
    migration.assertSucceedsThroughOutage();
    program.assertRunsOnlyOn(target);
    program.endAndCompare(target);
  }

  @Test
  void stubKilled() {
    Migration migration = frozen("kill-stub");
    target.ssh("kill -KILL " + program.pid());
    assertStayed(migration);
  }

  @Test
  void programKilledWhileFrozen() {
    Migration migration = frozen("kill-program");
    source.ssh("kill -KILL " + program.pid());
    ProcessMigrationStatus status = migration.awaitOver();
    assertEquals(MigrationPhase.Failed, status.getPhase());
    assertEquals(Reason.ProcessExited, status.getFailure().reason());
    assertEquals("False", migration.condition(Api.SOURCE_INTACT));
    assertTrue(!program.isOn(source) && !program.isOn(target));
  }

  @Test
  void linkCut() {
    Migration migration = frozen("cut-link");
    LAB.run("link", target.name(), "cut-peer");
    try {
      program.awaitProgress();
      migration.assertLeftOnSource();
    } finally {
      LAB.run("link", target.name(), "heal-peer");
    }
    assertStayed(migration);
  }

  @Test
  void apiServerRestarted() {
    Migration migration = frozen("restart-apiserver");
    LAB.run("apiserver", "restart");
    migration.assertSucceedsThroughOutage();
    program.assertRunsOnlyOn(target);
    program.endAndCompare(target);
  }

  @Test
  void targetPoweredOff() {
    Migration migration = frozen("power-off-target");
    LAB.run("power", target.name(), "off");
    try {
      // The operator may be on that node, too: the process must not depend on it.
      program.awaitProgress();
    } finally {
      LAB.run("power", target.name(), "on");
    }
    assertStayed(migration);
  }
}
