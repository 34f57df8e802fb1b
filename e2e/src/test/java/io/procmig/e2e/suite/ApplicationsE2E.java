// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Application;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole applications, trees of processes, go to the other node and come back, and cannot tell. The
 * longest class comes first, beside all others; two busy trees at once are too much for a node.
 */
@Order(1)
@Tag("applications")
@Execution(ExecutionMode.SAME_THREAD)
class ApplicationsE2E {
  private static final Lab LAB = Lab.get();

  @BeforeAll
  static void capable() {
    LAB.awaitCapable();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgres-ledger",
        "java-checksum",
        "postgres-idle",
        "python-threads",
        "sqlite",
        "xz-pipeline",
        "stress-mmapfork",
        "stress-ipc",
        "stress-mq",
        "stress-events"
      })
  void goesThereAndBack(String name) {
    try (Application application = Application.start(name, LAB.nodeA())) {
      Migration.of(application.root(), "there-" + name, "node-a", "node-b")
          .apply()
          .assertSucceeds();
      application.assertRunsOnlyOn(LAB.nodeB());
      Migration.of(application.root(), "back-" + name, "node-b", "node-a").apply().assertSucceeds();
      application.assertRunsOnlyOn(LAB.nodeA());
      application.endAndCompare(LAB.nodeA());
    }
  }
}
