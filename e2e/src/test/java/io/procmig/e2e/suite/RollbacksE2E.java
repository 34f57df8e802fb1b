// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Kind;
import io.procmig.e2e.program.Program;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * What is called off on its way, over a link that is slow for everybody, leaves all where it was.
 */
@Order(4)
@Isolated
class RollbacksE2E {
  private static final Lab LAB = Lab.get();

  /** A counter takes some seconds at this rate. */
  private static final String SLOW = "512kbit";

  /** A counter takes much longer than any deadline here. */
  private static final String CRAWLING = "64kbit";

  @BeforeAll
  static void capable() {
    LAB.awaitCapable();
  }

  @Test
  @SuppressWarnings("try")
  void cancelRollsBack() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA());
        Node.Slowed slowed = LAB.nodeA().slowDown(LAB.nodeB(), SLOW)) {
      program.awaitLines(2);
      Migration migration = Migration.of(program, "canceled", "node-a", "node-b").apply();
      migration.awaitFrozen().patch("{\"spec\":{\"cancel\":true}}");
      ProcessMigrationStatus status = migration.awaitOver();
      assertEquals(MigrationPhase.Canceled, status.getPhase());
      assertEquals("True", migration.condition(Api.SOURCE_INTACT));
      assertEquals("True", migration.condition(Api.CANCEL_REQUESTED));
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }

  @Test
  @SuppressWarnings("try")
  void deletingCancels() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA());
        Node.Slowed slowed = LAB.nodeA().slowDown(LAB.nodeB(), SLOW)) {
      program.awaitLines(2);
      Migration migration = Migration.of(program, "deleted", "node-a", "node-b").apply();
      migration.awaitFrozen().delete();
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }

  @Test
  @SuppressWarnings("try")
  void deadlineRollsBack() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA());
        Node.Slowed slowed = LAB.nodeA().slowDown(LAB.nodeB(), CRAWLING)) {
      program.awaitLines(2);
      Migration migration =
          Migration.of(program, "late", "node-a", "node-b").deadline("12s").apply();
      ProcessMigrationStatus status = migration.awaitOver();
      assertFalse(status.getPhase() == MigrationPhase.Succeeded);
      assertEquals(Reason.DeadlineExceeded, status.getFailure().reason());
      assertEquals("True", migration.condition(Api.SOURCE_INTACT));
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }
}
