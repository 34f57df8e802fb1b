// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationSource;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import io.procmig.e2e.migration.Migration;
import io.procmig.e2e.program.Kind;
import io.procmig.e2e.program.Program;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cannot be done is said before anything is touched. */
@Order(3)
class RefusalsE2E {
  private static final Lab LAB = Lab.get();
  private static final int NO_SUCH_PID = 3_999_999;

  private static Program program;

  @BeforeAll
  static void start() {
    LAB.awaitCapable();
    program = Program.start(Kind.COUNTER, LAB.nodeA()).awaitLines(2);
  }

  /** Through all refusals the same program ran, and nothing happened to it. */
  @AfterAll
  static void unharmed() {
    program.assertRunsOnlyOn(LAB.nodeA());
    program.endAndCompare(LAB.nodeA());
    program.close();
  }

  @Test
  void noSuchProcess() {
    Migration.of(new ProcessIdentity(NO_SUCH_PID, null), "no-process", "node-a", "node-b")
        .apply()
        .assertRefused(Reason.ProcessNotFound);
  }

  @Test
  void pidOfAnotherProcess() {
    long startTime = LAB.nodeA().startTime(program.pid());
    Migration.of(
            new ProcessIdentity(program.pid(), startTime - 1), "other-process", "node-a", "node-b")
        .apply()
        .assertRefused(Reason.ProcessIdentityChanged);
  }

  @Test
  void processOfAnotherNode() {
    Migration.of(program, "other-node", "node-b", "node-a")
        .apply()
        .assertRefused(Reason.ProcessNotFound);
  }

  @Test
  void ambiguousSelector() {
    try (Program twin = Program.start(Kind.COUNTER, LAB.nodeA())) {
      twin.awaitLines(2);
      Migration.of(
              new MigrationSource("node-a", null, new ProcessSelector("counter", null, null), null),
              new MigrationTarget("node-b", null),
              "ambiguous")
          .apply()
          .assertRefused(Reason.ProcessAmbiguous);
    }
  }

  @Test
  void noSuchNode() {
    Migration.of(program, "no-node", "node-a", "node-x").apply().assertRefused(Reason.WrongNode);
  }

  @Test
  void sameNodeIsNotEvenStored() {
    Migration migration = Migration.of(program, "same-node", "node-a", "node-a");
    KubernetesClientException refused =
        assertThrows(KubernetesClientException.class, migration::apply);
    assertTrue(refused.getMessage().contains("source and target must be different nodes"));
  }

  @Test
  void onlyTheSourceMatches() {
    ProcessMigrationStatus status =
        Migration.of(
                new MigrationSource("node-a", new ProcessIdentity(program.pid(), null), null, null),
                new MigrationTarget(null, Map.of("kubernetes.io/hostname", "node-a")),
                "only-source")
            .apply()
            .awaitOver();
    assertTrue(
        List.of(Reason.SameNode, Reason.NoTargetAvailable).contains(status.getFailure().reason()),
        status.getFailure()::toString);
  }

  @Test
  void targetThatIsNotCapable() {
    MigrationNode node = new MigrationNode();
    node.setMetadata(new ObjectMetaBuilder().withName("node-unable").build());
    LAB.client().resource(node).serverSideApply();
    try {
      MigrationNodeStatus status = new MigrationNodeStatus();
      status.setHeartbeatTime(Instant.now().toString());
      status.setConditions(
          List.of(
              new ConditionBuilder()
                  .withType(Api.READY)
                  .withStatus("True")
                  .withReason(Reason.AgentServing.name())
                  .withMessage("")
                  .withLastTransitionTime(Instant.now().toString())
                  .build(),
              new ConditionBuilder()
                  .withType(Api.TARGET_CAPABLE)
                  .withStatus("False")
                  .withReason(Reason.ModulesMissing.name())
                  .withMessage("no modules for this kernel")
                  .withLastTransitionTime(Instant.now().toString())
                  .build()));
      node.setStatus(status);
      LAB.client().resource(node).patchStatus();
      Migration.of(program, "unable", "node-a", "node-unable")
          .apply()
          .assertRefused(Reason.TargetNotCapable);
    } finally {
      LAB.client().resource(node).delete();
    }
  }

  /** Gives a PID to somebody on the target. */
  private static void occupy(int pid) {
    LAB.nodeB()
        .ssh(
            """
            last=$(cat /proc/sys/kernel/ns_last_pid)
            for try in 1 2 3 4 5 6 7 8 9 10; do
              echo $((%1$d - 1)) > /proc/sys/kernel/ns_last_pid
              sleep 600 < /dev/null > /dev/null 2>&1 &
              # Another process may have been quicker.
              [ $! = %1$d ] && break || kill $!
            done
            echo $last > /proc/sys/kernel/ns_last_pid
            """
                .formatted(pid));
  }

  /**
   * A shell on the source and its child, which reads a file.
   *
   * @return PIDs of both
   */
  private static List<Integer> family(String input) {
    String pids =
        LAB.nodeA()
            .ssh(
                """
                setsid --fork sh -c \
                  'cd /; sleep 600 < %1$s & echo $$ $! > /run/family.new; mv /run/family.new /run/family; wait' \
                  < /dev/null > /dev/null 2>&1
                for i in $(seq 100); do [ -s /run/family ] && break; sleep 0.05; done
                cat /run/family
                rm /run/family
                """
                    .formatted(input));
    return Stream.of(pids.strip().split(" ")).map(Integer::valueOf).toList();
  }

  private static Migration migrationOf(List<Integer> family, String name) {
    return Migration.of(new ProcessIdentity(family.get(0), null), name, "node-a", "node-b").apply();
  }

  private static void end(List<Integer> family) {
    family.forEach(pid -> LAB.nodeA().tryTo("kill " + pid));
  }

  @Test
  void pidOfAChildThatIsTakenOnTheTarget() {
    List<Integer> family = family("/dev/null");
    int child = family.get(1);
    occupy(child);
    try {
      Migration migration = migrationOf(family, "child-pid-taken");
      migration.assertRefused(Reason.PidTaken);
      assertNames(migration, "PID " + child + " belongs to sleep");
    } finally {
      LAB.nodeB().tryTo("kill " + child);
      end(family);
    }
  }

  /**
   * Somebody who listens at a port.
   *
   * @return its PID
   */
  private static int listener(Node node, int port) {
    return Integer.parseInt(
        node.ssh(
                """
                cd /
                setsid --fork python3 -c '
                import os, socket, time
                kept = socket.create_server(("127.0.0.1", %1$d))
                open("/run/listener.new", "w").write(str(os.getpid()))
                os.rename("/run/listener.new", "/run/listener")
                time.sleep(600)' < /dev/null > /dev/null 2>&1
                for i in $(seq 200); do [ -s /run/listener ] && break; sleep 0.05; done
                cat /run/listener
                rm /run/listener
                """
                    .formatted(port))
            .strip());
  }

  @Test
  void portThatIsTakenOnTheTarget() {
    int process = listener(LAB.nodeA(), 4711);
    int squatter = listener(LAB.nodeB(), 4711);
    try {
      Migration migration =
          Migration.of(new ProcessIdentity(process, null), "port-taken", "node-a", "node-b")
              .apply();
      migration.assertRefused(Reason.IdentifierTaken);
      assertNames(migration, "TCP socket 127.0.0.1:4711: another socket here has that port");
    } finally {
      LAB.nodeA().tryTo("kill " + process);
      LAB.nodeB().tryTo("kill " + squatter);
    }
  }

  @Test
  void fileOfAChildThatIsMissingOnTheTarget() {
    String file = "/home/app/of-a-child";
    LAB.nodeA().ssh("echo text > " + file);
    List<Integer> family = family(file);
    try {
      Migration migration = migrationOf(family, "child-file-missing");
      migration.assertRefused(Reason.FileMissing);
      assertNames(migration, "process " + family.get(1) + " fd 0: " + file);
    } finally {
      end(family);
    }
  }

  @Test
  void pidThatIsTakenOnTheTarget() {
    occupy(program.pid());
    try {
      Migration.of(program, "pid-taken", "node-a", "node-b").apply().assertRefused(Reason.PidTaken);
    } finally {
      LAB.nodeB().tryTo("kill " + program.pid());
    }
  }

  @Test
  void fileThatIsMissingOnTheTarget() {
    String place = "/home/app/missing";
    LAB.nodeA().ssh("install -d -o app -g app " + place);
    try (Program local = Program.startWithOutputIn(place, Kind.COUNTER, LAB.nodeA())) {
      Migration migration = Migration.of(local, "file-missing", "node-a", "node-b").apply();
      migration.assertRefused(Reason.FileMissing);
      assertNames(migration, place);
    }
  }

  @Test
  void fileThatDiffersOnTheTarget() {
    String place = "/home/app/differing";
    LAB.nodes().forEach(node -> node.ssh("install -d -o app -g app " + place));
    LAB.nodeB().ssh("for f in out out.counter; do echo older > " + place + "/$f; done");
    try (Program local = Program.startWithOutputIn(place, Kind.COUNTER, LAB.nodeA())) {
      Migration migration = Migration.of(local, "file-differs", "node-a", "node-b").apply();
      migration.assertRefused(Reason.FileDiffers);
      assertNames(migration, place);
    }
  }

  /** Only what will never be carried: rings of the kernel's, and what is somebody else's, too. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          io-uring          | io_uring
          pipe-outside      | outside holds an end
          shared-anonymous  | shared with pid
          traced            | trace
          udp-corked        | UDP socket
          unix-peer-outside | is connected to pid
          """)
  void stateThatNoSubsystemCarries(String kind, String words) {
    try (Program holder = Program.start(Kind.REFUSED, LAB.nodeA(), kind)) {
      holder.awaitLines(2);
      String expected = holder.lines().get(0).replaceFirst("^expect (address )?", "");
      Migration migration = Migration.of(holder, "refused-" + kind, "node-a", "node-b").apply();
      ProcessMigrationStatus status = migration.assertRefused(Reason.UnsupportedState);
      assertNames(migration, words);
      assertTrue(
          status.getObstacles().stream()
              .anyMatch(o -> (o.object() + " " + o.message()).contains(expected)),
          () -> "nothing names " + expected + ": " + status.getObstacles());
      holder.assertRunsOnlyOn(LAB.nodeA());
    }
  }

  @Test
  void everyObstacleAtOnce() {
    try (Program holder = Program.start(Kind.REFUSED, LAB.nodeA(), "shared-description")) {
      holder.awaitLines(2);
      ProcessMigrationStatus status =
          Migration.of(holder, "refused-all", "node-a", "node-b")
              .apply()
              .assertRefused(Reason.UnsupportedState);
      // The file itself and the output.
      assertTrue(
          status.getObstacles().stream().map(Obstacle::object).distinct().count() >= 2,
          () -> "some are missing: " + status.getObstacles());
    }
  }

  private static void assertNames(Migration migration, String words) {
    ProcessMigrationStatus status = migration.status();
    assertTrue(
        status.getObstacles().stream().anyMatch(o -> o.message().contains(words)),
        () -> "no obstacle names " + words + ": " + status.getObstacles());
  }
}
