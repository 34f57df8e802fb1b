// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Kind;
import io.procmig.e2e.program.Program;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real programs go to the other node and come back, and cannot tell. */
@Order(2)
class ProgramsE2E {
  private static final Lab LAB = Lab.get();
  private static final int HOPS = 20;

  @BeforeAll
  static void capable() {
    LAB.awaitCapable();
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"REFUSED", "COUNTER"},
      mode = EnumSource.Mode.EXCLUDE)
  void goesThereAndBack(Kind kind) {
    String name = kind.name().toLowerCase(Locale.ROOT);
    try (Program program = Program.start(kind, LAB.nodeA())) {
      program.awaitLines(2);
      Migration.of(program, "there-" + name, "node-a", "node-b").apply().assertSucceeds();
      program.assertRunsOnlyOn(LAB.nodeB());
      Migration.of(program, "back-" + name, "node-b", "node-a").apply().assertSucceeds();
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }

  @Test
  void hopsTwentyTimes() {
    try (Program program = Program.start(Kind.COUNTER, LAB.nodeA())) {
      program.awaitLines(2);
      for (int hop = 1; hop <= HOPS; hop++) {
        boolean there = hop % 2 == 1;
        Migration.of(
                program, "hop-" + hop, there ? "node-a" : "node-b", there ? "node-b" : "node-a")
            .apply()
            .assertSucceeds();
        program.awaitProgress();
      }
      program.assertRunsOnlyOn(LAB.nodeA());
      program.endAndCompare(LAB.nodeA());
    }
  }
}
