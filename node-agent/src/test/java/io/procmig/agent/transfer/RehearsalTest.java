// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Both sides on real threads. */
class RehearsalTest {
  @Test
  void nothingIsMigratedToNowhere() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      assertTrue(Rehearsal.run(Duration.ofSeconds(20)));
    }
  }
}
