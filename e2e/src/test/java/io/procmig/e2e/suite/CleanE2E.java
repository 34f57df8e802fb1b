// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What is left on the nodes after everything above. */
@Order(Integer.MAX_VALUE)
@Tag("clean")
@Isolated
class CleanE2E {
  private static final Lab LAB = Lab.get();

  @BeforeAll
  static void capable() {
    LAB.awaitCapable();
  }

  @Test
  void noMigrationIsUnderWay() {
    for (Node node : LAB.nodes()) {
      Awaitility.await(node + " has no open request")
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  LAB.client()
                          .resources(MigrationNode.class)
                          .withName(node.name())
                          .get()
                          .getStatus()
                          .getSlots()
                          .used()
                      == 0);
    }
  }

  @Test
  void modulesAreUnusedAndCanBeRemoved() {
    for (Node node : LAB.nodes()) {
      assertEquals(
          "",
          node.ssh(
              """
              # Modules that need each other use each other, and are removed in that order.
              for m in /sys/module/procmig_*; do
                [ "$(cat $m/refcnt)" = "$(ls $m/holders | wc -l)" ] || echo $m in use
              done
              there=$(ls /sys/module | grep ^procmig_)
              removed=" "
              for pass in 1 2 3 4; do
                for m in $(ls /sys/module | grep ^procmig_); do
                  rmmod $m 2> /dev/null && removed="$removed$m "
                done
              done
              # The agent may have begun to bring them back.
              for m in $there; do
                case "$removed" in *" $m "*) ;; *) echo $m cannot be removed ;; esac
              done
              # It has the device open; nobody else may.
              users=$(($(cat /sys/module/procmig/refcnt) - $(ls /sys/module/procmig/holders | wc -l)))
              [ "$users" -le 1 ] || echo procmig has $users users: $(fuser /dev/procmig 2>&1)
              """),
          () -> "on " + node);
    }
    // The agents bring them back.
    LAB.awaitCapable();
  }

  @Test
  void kernelLogsAreClean() {
    LAB.run("check-logs");
  }

  @Test
  void noProcessIsLeftFrozen() {
    for (Node node : LAB.nodes()) {
      assertEquals("", node.ssh("pgrep -l procmig-stub || true"), () -> "on " + node);
    }
  }
}
