// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.Progress;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.ResolvedProcess;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.Timings;
import io.procmig.api.v1alpha1.TokenState;
import io.procmig.apiserver.ApiServer;
import io.procmig.operator.cluster.FakeAgent;
import io.procmig.operator.cluster.RunningOperator;
import io.procmig.operator.config.OperatorConfig;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The reconciler against a real API server, with the rights that the manifests give the operator,
 * and agents that do what the test says.
 */
class MigrationIT {
  private static final OperatorConfig CONFIG =
      OperatorConfig.from(Map.of("PROCMIG_RETRY_DELAY", "10ms"));
  private static final KubernetesClient ADMIN = ApiServer.admin();
  private static FakeAgent source;
  private static FakeAgent target;

  @RegisterExtension
  static final RunningOperator OPERATOR =
      new RunningOperator(() -> new MigrationReconciler(CONFIG, Clock.systemUTC()), true);

  @BeforeAll
  static void publishNodes() {
    source = new FakeAgent("it-a").publish(64);
    target = new FakeAgent("it-b").publish(64);
  }

  @AfterAll
  static void disconnect() {
    source.close();
    target.close();
    ADMIN.close();
  }

  private static String manifest(String name, String... more) {
    return """
        apiVersion: procmig.io/v1alpha1
        kind: ProcessMigration
        metadata:
          name: %s
          namespace: %s
        spec:
          source:
            nodeName: it-a
            process: {pid: 1234}
          target:
            nodeName: it-b
        """
            .formatted(name, OPERATOR.namespace())
        + List.of(more).stream().map(line -> "  " + line + "\n").collect(Collectors.joining());
  }

  private static ProcessMigration apply(String manifest) {
    return ADMIN
        .resource(Serialization.unmarshal(manifest, ProcessMigration.class))
        .serverSideApply();
  }

  private static ProcessMigration await(String name, Predicate<ProcessMigration> expectation) {
    return ADMIN
        .resources(ProcessMigration.class)
        .inNamespace(OPERATOR.namespace())
        .withName(name)
        .waitUntilCondition(
            m -> m != null && m.getStatus() != null && expectation.test(m), 90, TimeUnit.SECONDS);
  }

  private static ProcessMigration awaitPhase(String name, MigrationPhase phase) {
    return await(name, migration -> migration.getStatus().getPhase() == phase);
  }

  private static ProcessMigration get(String name) {
    return ADMIN
        .resources(ProcessMigration.class)
        .inNamespace(OPERATOR.namespace())
        .withName(name)
        .get();
  }

  private static MigrationTask task(String name) {
    return ADMIN
        .resources(MigrationTask.class)
        .inNamespace(OPERATOR.namespace())
        .withName(name)
        .get();
  }

  private static String condition(ProcessMigration migration, String type) {
    return migration.getStatus().getConditions().stream()
        .filter(c -> c.getType().equals(type))
        .map(c -> c.getStatus() + " " + c.getReason())
        .findFirst()
        .orElse("");
  }

  private static List<String> events(String name) {
    return ADMIN
        .v1()
        .events()
        .inNamespace(OPERATOR.namespace())
        .withField("involvedObject.name", name)
        .list()
        .getItems()
        .stream()
        .map(Event::getReason)
        .sorted()
        .toList();
  }

  private static void phases(
      String name, int attempt, TaskPhase sourcePhase, TaskPhase targetPhase) {
    String namespace = OPERATOR.namespace();
    source.report(
        namespace, name + "-" + attempt + "-source", status -> status.setPhase(sourcePhase));
    target.report(
        namespace, name + "-" + attempt + "-target", status -> status.setPhase(targetPhase));
  }

  private static void preflight(String name, int attempt) {
    String namespace = OPERATOR.namespace();
    source.report(
        namespace,
        name + "-" + attempt + "-source",
        status -> {
          status.setPhase(TaskPhase.Preflight);
          status.setProcess(new ResolvedProcess(1234, 99L, "bc", "bc -l", 1000L));
          status.setProcesses(3);
          status.setThreads(7);
          status.setConditions(FakeAgent.preflighted());
        });
    target.report(
        namespace,
        name + "-" + attempt + "-target",
        status -> {
          status.setPhase(TaskPhase.Preflight);
          status.setConditions(FakeAgent.preflighted());
        });
  }

  private static void awaitOrder(String name, int attempt) {
    source.await(
        OPERATOR.namespace(),
        name + "-" + attempt + "-source",
        task -> Boolean.TRUE.equals(task.getSpec().getProceed()));
  }

  private static void awaitCancel(String name, int attempt) {
    for (String role : new String[] {"source", "target"}) {
      source.await(
          OPERATOR.namespace(),
          name + "-" + attempt + "-" + role,
          task -> Boolean.TRUE.equals(task.getSpec().getCancel()));
    }
  }

  private static void finish(String name) {
    source.report(
        OPERATOR.namespace(),
        name + "-1-source",
        status -> {
          status.setPhase(TaskPhase.Succeeded);
          status.setState(TokenState.Finished);
          status.setProgress(new Progress(100, 1, 1000L, 1000L, 0L, null));
          status.setTimings(new Timings("1ms", "2ms", "3ms", "154.2ms", "4ms", "200ms"));
        });
    target.report(
        OPERATOR.namespace(),
        name + "-1-target",
        status -> {
          status.setPhase(TaskPhase.Succeeded);
          status.setRestartedPid(1234);
        });
  }

  private static void fail(
      MigrationTaskStatus status, TaskPhase phase, Reason reason, Component component) {
    status.setPhase(phase);
    status.setFailure(new Failure(reason, component, "Test", reason.meaning(), reason.retriable()));
  }

  private static void succeed(String name) {
    preflight(name, 1);
    awaitOrder(name, 1);
    finish(name);
    awaitPhase(name, MigrationPhase.Succeeded);
  }

  @Test
  void migrationIsCarriedOutAndTold() throws IOException, InterruptedException {
    apply(manifest("success", "downtimeBudget: 1s"));
    Process waiting =
        ApiServer.startKubectl(
            "wait", "--for=condition=Ready", "pmig/success", "-n", OPERATOR.namespace());
    awaitPhase("success", MigrationPhase.Preflight);
    assertEquals(
        task("success-1-source").getSpec().getToken(),
        task("success-1-target").getSpec().getToken());
    preflight("success", 1);
    awaitOrder("success", 1);
    phases("success", 1, TaskPhase.Transferring, TaskPhase.Restoring);
    awaitPhase("success", MigrationPhase.Restoring);
    source.report(
        OPERATOR.namespace(),
        "success-1-source",
        status -> {
          status.setPhase(TaskPhase.Committed);
          status.setState(TokenState.Committed);
          status.setSourceIntact(false);
        });
    ProcessMigration draining = awaitPhase("success", MigrationPhase.Draining);
    assertEquals("False Committed", condition(draining, Api.SOURCE_INTACT));
    finish("success");

    ProcessMigration done = awaitPhase("success", MigrationPhase.Succeeded);
    assertEquals("True Succeeded", condition(done, Api.READY));
    assertEquals("True WithinBudget", condition(done, Api.DOWNTIME_WITHIN_BUDGET));
    assertEquals(1234, done.getStatus().getTarget().pid());
    assertEquals(3, done.getStatus().getProcesses());
    assertEquals(7, done.getStatus().getThreads());
    assertTrue(waiting.waitFor(90, TimeUnit.SECONDS) && waiting.exitValue() == 0);
    assertEquals(
        List.of(
            "Draining",
            "Frozen",
            "Pending",
            "Preflight",
            "PreparingTarget",
            "Restoring",
            "Succeeded",
            "Transferring"),
        events("success"));
    String line =
        ApiServer.kubectl("get", "pmig", "success", "-n", OPERATOR.namespace())
            .replaceAll(" +", " ");
    assertTrue(line.contains("NAME SOURCE FROM TO PHASE PROGRESS DOWNTIME AGE"), line);
    assertTrue(line.contains("success bc[1234] it-a it-b Succeeded 100 154.2ms"), line);
    assertTrue(
        ApiServer.kubectl("get", "procmig", "-n", OPERATOR.namespace()).contains("success"),
        "category procmig lists migrations");
  }

  @Test
  void theScopeIsHandedToBothTasks() {
    apply(manifest("scoped").replace("pid: 1234}", "pid: 1234}\n    scope: ProcessGroup"));
    awaitPhase("scoped", MigrationPhase.Preflight);
    assertEquals(MigrationScope.ProcessGroup, task("scoped-1-source").getSpec().getScope());
    assertEquals(MigrationScope.ProcessGroup, task("scoped-1-target").getSpec().getScope());
    succeed("scoped");
  }

  @Test
  void applyingAFinishedMigrationAgainChangesNothing() throws IOException, InterruptedException {
    apply(manifest("again"));
    awaitPhase("again", MigrationPhase.Preflight);
    succeed("again");
    ProcessMigration before = get("again");
    apply(manifest("again"));
    OPERATOR.restart();
    // Something later that the restarted operator has done proves that it has seen the old one,
    // too.
    apply(manifest("later"));
    awaitPhase("later", MigrationPhase.Preflight);
    ProcessMigration after = get("again");
    assertEquals(Serialization.asJson(before.getStatus()), Serialization.asJson(after.getStatus()));
    assertEquals(null, task("again-2-source"));
    assertEquals(
        before.getMetadata().getResourceVersion(), after.getMetadata().getResourceVersion());
  }

  @Test
  void restartOfTheOperatorGoesOnWhereItWas() {
    apply(manifest("restarted"));
    awaitPhase("restarted", MigrationPhase.Preflight);
    String token = task("restarted-1-source").getSpec().getToken();
    OPERATOR.restart();
    preflight("restarted", 1);
    awaitOrder("restarted", 1);
    OPERATOR.restart();
    phases("restarted", 1, TaskPhase.Frozen, TaskPhase.Restoring);
    awaitPhase("restarted", MigrationPhase.Restoring);
    OPERATOR.stop();
    finish("restarted");
    OPERATOR.start();
    ProcessMigration done = awaitPhase("restarted", MigrationPhase.Succeeded);
    assertEquals(1, done.getStatus().getAttempt());
    assertEquals(token, task("restarted-1-source").getSpec().getToken());
    List<String> told = events("restarted");
    assertEquals(List.copyOf(new TreeSet<>(told)), told, "every event once");
  }

  /** What it remembers of the cluster goes while it stops, and is no reason to stop an attempt. */
  @Test
  void operatorThatStopsDecidesNothing() {
    apply(manifest("stopping"));
    awaitPhase("stopping", MigrationPhase.Preflight);
    for (int restarts = 1; restarts <= 10; restarts++) {
      int processes = restarts;
      source.report(
          OPERATOR.namespace(),
          "stopping-1-source",
          status -> {
            status.setPhase(TaskPhase.Preflight);
            status.setProcesses(processes);
          });
      OPERATOR.restart();
    }
    for (String task : List.of("stopping-1-source", "stopping-1-target")) {
      assertNotEquals(true, task(task).getSpec().getCancel(), task);
    }
  }

  @Test
  void refusalNamesEveryObstacle() throws IOException, InterruptedException {
    apply(manifest("refused"));
    source.report(
        OPERATOR.namespace(),
        "refused-1-source",
        status -> {
          fail(status, TaskPhase.Failed, Reason.ObstaclesFound, Component.SourceAgent);
          status.setObstacles(
              List.of(
                  new Obstacle(
                      Reason.UnsupportedState, "files", "fd 5", "fd 5: TCP socket, not carried")));
        });
    awaitCancel("refused-1-target");
    target.report(
        OPERATOR.namespace(),
        "refused-1-target",
        status -> {
          fail(status, TaskPhase.Failed, Reason.ObstaclesFound, Component.TargetAgent);
          status.setObstacles(
              List.of(new Obstacle(Reason.PidTaken, "task", "pid 1234", "pid 1234 is taken")));
        });
    ProcessMigration refused = awaitPhase("refused", MigrationPhase.Failed);
    assertEquals("False UnsupportedState", condition(refused, Api.READY));
    assertEquals("True UnsupportedState", condition(refused, Api.STALLED));
    assertEquals("True NotCommitted", condition(refused, Api.SOURCE_INTACT));
    assertEquals(2, refused.getStatus().getObstacles().size());
    String story = ApiServer.kubectl("describe", "pmig", "refused", "-n", OPERATOR.namespace());
    assertTrue(story.contains("fd 5: TCP socket, not carried"), story);
    assertTrue(story.contains("pid 1234 is taken"), story);
    assertTrue(events("refused").contains("UnsupportedState"));
  }

  @Test
  void dryRunNeverOrdersTheTransfer() {
    apply(manifest("dry", "dryRun: true"));
    awaitPhase("dry", MigrationPhase.Preflight);
    preflight("dry", 1);
    phases("dry", 1, TaskPhase.Succeeded, TaskPhase.Succeeded);
    ProcessMigration done = awaitPhase("dry", MigrationPhase.Succeeded);
    assertEquals("True DryRunPassed", condition(done, Api.READY));
    assertEquals("True NoObstacles", condition(done, Api.PREFLIGHTED));
    assertFalse(task("dry-1-source").getSpec().getProceed());
    assertEquals(List.of("Pending", "Preflight", "Succeeded"), events("dry"));
  }

  @Test
  void rollbackIsTheOutcomeWithTheTargetsReason() {
    apply(manifest("rollback"));
    awaitPhase("rollback", MigrationPhase.Preflight);
    preflight("rollback", 1);
    awaitOrder("rollback", 1);
    phases("rollback", 1, TaskPhase.Frozen, TaskPhase.Restoring);
    awaitPhase("rollback", MigrationPhase.Restoring);
    target.report(
        OPERATOR.namespace(),
        "rollback-1-target",
        status -> fail(status, TaskPhase.Failed, Reason.RestartFailed, Component.TargetKernel));
    awaitCancel("rollback-1-source");
    source.report(
        OPERATOR.namespace(),
        "rollback-1-source",
        status -> fail(status, TaskPhase.RolledBack, Reason.CanceledByUser, Component.SourceAgent));
    ProcessMigration done = awaitPhase("rollback", MigrationPhase.RolledBack);
    assertEquals("False RestartFailed", condition(done, Api.READY));
    assertEquals(Component.TargetKernel, done.getStatus().getFailure().component());
    assertEquals("True NotCommitted", condition(done, Api.SOURCE_INTACT));
  }

  private static void awaitCancel(String task) {
    source.await(OPERATOR.namespace(), task, t -> Boolean.TRUE.equals(t.getSpec().getCancel()));
  }

  @Test
  void failedAttemptIsRetriedWithANewToken() {
    apply(manifest("retried", "retry: {limit: 1}"));
    awaitPhase("retried", MigrationPhase.Preflight);
    preflight("retried", 1);
    awaitOrder("retried", 1);
    source.report(
        OPERATOR.namespace(),
        "retried-1-source",
        status ->
            fail(status, TaskPhase.RolledBack, Reason.TransferInterrupted, Component.SourceAgent));
    target.report(
        OPERATOR.namespace(),
        "retried-1-target",
        status ->
            fail(status, TaskPhase.Failed, Reason.TransferInterrupted, Component.TargetAgent));
    await("retried", migration -> Integer.valueOf(2).equals(migration.getStatus().getAttempt()));
    preflight("retried", 2);
    awaitOrder("retried", 2);
    phases("retried", 2, TaskPhase.Succeeded, TaskPhase.Succeeded);
    awaitPhase("retried", MigrationPhase.Succeeded);
    assertFalse(
        task("retried-1-source")
            .getSpec()
            .getToken()
            .equals(task("retried-2-source").getSpec().getToken()));
  }

  @Test
  void cancelStopsTheAttempt() {
    apply(manifest("canceled"));
    awaitPhase("canceled", MigrationPhase.Preflight);
    preflight("canceled", 1);
    awaitOrder("canceled", 1);
    apply(manifest("canceled", "cancel: true"));
    awaitCancel("canceled", 1);
    phases("canceled", 1, TaskPhase.RolledBack, TaskPhase.Canceled);
    ProcessMigration done = awaitPhase("canceled", MigrationPhase.Canceled);
    assertEquals("True CanceledByUser", condition(done, Api.CANCEL_REQUESTED));
    assertEquals("False CanceledByUser", condition(done, Api.READY));
  }

  @Test
  void suspendedMigrationWaitsForItsRelease() {
    apply(manifest("suspended", "suspend: true"));
    await("suspended", m -> condition(m, Api.RECONCILING).equals("True Suspended"));
    assertEquals(null, task("suspended-1-source"));
    apply(manifest("suspended", "suspend: false"));
    awaitPhase("suspended", MigrationPhase.Preflight);
  }

  @Test
  void deletingAnUnfinishedMigrationCancelsItAndKeepsItsTasksUntilThen() {
    ProcessMigration migration = apply(manifest("deleted"));
    awaitPhase("deleted", MigrationPhase.Preflight);
    preflight("deleted", 1);
    awaitOrder("deleted", 1);
    phases("deleted", 1, TaskPhase.Frozen, TaskPhase.Restoring);
    ADMIN.resource(migration).delete();
    awaitCancel("deleted", 1);
    ADMIN.resource(task("deleted-1-source")).delete();
    assertTrue(task("deleted-1-source").isMarkedForDeletion(), "held by its finalizer");
    phases("deleted", 1, TaskPhase.RolledBack, TaskPhase.Canceled);
    awaitGone(migration);
    assertEquals(null, task("deleted-1-source"));
    assertTrue(task("deleted-1-target").getMetadata().getFinalizers().isEmpty());
  }

  @Test
  void deletingAFinishedMigrationIsImmediate() {
    ProcessMigration migration = apply(manifest("gone"));
    awaitPhase("gone", MigrationPhase.Preflight);
    succeed("gone");
    ADMIN.resource(migration).delete();
    awaitGone(migration);
  }

  @Test
  void aNameThatIsUsedAgainAtOnceIsAMigrationOfItsOwn() {
    for (int i = 0; i < 15; i++) {
      ProcessMigration migration = apply(manifest("recycled", "suspend: true"));
      await("recycled", m -> condition(m, Api.RECONCILING).equals("True Suspended"));
      ADMIN.resource(migration).delete();
      awaitGone(migration);
    }
  }

  @Test
  void finishedMigrationGoesAfterItsTimeToLive() {
    ProcessMigration migration = apply(manifest("shortlived", "ttlAfterFinished: 1s"));
    awaitPhase("shortlived", MigrationPhase.Preflight);
    preflight("shortlived", 1);
    awaitOrder("shortlived", 1);
    finish("shortlived");
    awaitGone(migration);
  }

  private static void awaitGone(ProcessMigration migration) {
    ADMIN.resource(migration).waitUntilCondition(m -> m == null, 90, TimeUnit.SECONDS);
  }

  @Test
  void unknownNodeIsRefused() {
    apply(manifest("nowhere").replace("nodeName: it-b", "nodeName: it-x"));
    ProcessMigration refused = awaitPhase("nowhere", MigrationPhase.Failed);
    assertEquals("False WrongNode", condition(refused, Api.READY));
    assertEquals("False WrongNode", condition(refused, Api.PREFLIGHTED));
    assertEquals(null, task("nowhere-1-source"));
  }

  @Test
  void targetIsSelectedByLabels() {
    apply(
        manifest("selected")
            .replace("nodeName: it-b", "nodeSelector: {kubernetes.io/hostname: it-b}"));
    ProcessMigration placed = awaitPhase("selected", MigrationPhase.Preflight);
    assertEquals("it-b", placed.getStatus().getTarget().nodeName());
    assertEquals(1, placed.getStatus().getPlacement().candidates());
  }
}
