// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.MigrationMode;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationSource;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.NodeSlots;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationSpec;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.RetryPolicy;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.api.v1alpha1.TokenState;
import io.procmig.operator.migration.Decision.Finish;
import io.procmig.operator.migration.Decision.Proceed;
import io.procmig.operator.migration.Decision.Retry;
import io.procmig.operator.migration.Decision.StartAttempt;
import io.procmig.operator.placement.NodeView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A migration in a cluster that exists in memory only: decisions are carried out and reported as
 * the reconciler would, agents do what the test says, time stands still unless it is moved.
 */
final class Scenario {
  static final Instant START = Instant.parse("2030-01-01T00:00:00Z");
  static final Duration AGENT_LOST_AFTER = Duration.ofSeconds(60);
  static final String SOURCE = "node-a";
  static final String TARGET = "node-b";

  final ProcessMigration migration = new ProcessMigration();
  final Map<String, MigrationNode> nodes = new LinkedHashMap<>();
  private final List<MigrationTask> tasks = new ArrayList<>();
  private final Map<String, Integer> busy = new HashMap<>();
  private final MigrationPlanner planner =
      new MigrationPlanner(Duration.ofSeconds(5), Duration.ofSeconds(30));
  private Instant now = START;

  Scenario() {
    migration.setMetadata(
        new ObjectMetaBuilder()
            .withName("move")
            .withNamespace("default")
            .withUid("uid-1")
            .withGeneration(1L)
            .build());
    ProcessMigrationSpec spec = new ProcessMigrationSpec();
    spec.setSource(
        new MigrationSource(SOURCE, new ProcessIdentity(1234, null), null, MigrationScope.Session));
    spec.setTarget(new MigrationTarget(TARGET, null));
    spec.setMode(MigrationMode.StopAndCopy);
    spec.setDeadline("600s");
    spec.setRetry(new RetryPolicy(0));
    migration.setSpec(spec);
    migration.setStatus(null);
    addNode(SOURCE);
    addNode(TARGET);
  }

  /** A scenario whose first attempt has been started. */
  static Scenario started() {
    Scenario scenario = new Scenario();
    scenario.step();
    scenario.step();
    return scenario;
  }

  /** A scenario whose transfer has been ordered. */
  static Scenario ordered() {
    Scenario scenario = started();
    scenario.preflighted();
    scenario.step();
    return scenario;
  }

  ProcessMigrationSpec spec() {
    return migration.getSpec();
  }

  ProcessMigrationStatus status() {
    return migration.getStatus();
  }

  MigrationNode addNode(String name) {
    MigrationNode node = new MigrationNode();
    node.setMetadata(new ObjectMetaBuilder().withName(name).addToLabels("pool", name).build());
    MigrationNodeStatus status = new MigrationNodeStatus();
    status.setAddresses(new NodeAddresses(name + ":7443", name));
    status.setHeartbeatTime(now.toString());
    status.setSlots(new NodeSlots(2, 0));
    status.setStreamVersion(1);
    status.setConditions(
        List.of(Api.READY, Api.SOURCE_CAPABLE, Api.TARGET_CAPABLE).stream()
            .map(
                type ->
                    new ConditionBuilder()
                        .withType(type)
                        .withStatus("True")
                        .withReason(Reason.Capable.name())
                        .build())
            .toList());
    node.setStatus(status);
    nodes.put(name, node);
    return node;
  }

  Scenario busy(String node, int migrations) {
    busy.put(node, migrations);
    return this;
  }

  /** Moves time, with every agent alive. */
  Scenario pass(Duration time) {
    now = now.plus(time);
    nodes.values().forEach(node -> node.getStatus().setHeartbeatTime(now.toString()));
    return this;
  }

  /** Moves time so far that the agent of the node counts as lost. */
  Scenario lose(String node) {
    String last = nodes.get(node).getStatus().getHeartbeatTime();
    pass(AGENT_LOST_AFTER.plusSeconds(1));
    nodes.get(node).getStatus().setHeartbeatTime(last);
    return this;
  }

  Scenario delete() {
    migration.getMetadata().setDeletionTimestamp(now.toString());
    return this;
  }

  List<MigrationTask> tasks() {
    return tasks;
  }

  void removeTask(TaskRole role) {
    tasks.removeIf(task -> task.getSpec().getRole() == role);
  }

  MigrationTask task(TaskRole role) {
    int attempt = tasks.stream().mapToInt(t -> t.getSpec().getAttempt()).max().orElseThrow();
    return tasks.stream()
        .filter(t -> t.getSpec().getRole() == role && t.getSpec().getAttempt() == attempt)
        .findFirst()
        .orElseThrow();
  }

  MigrationTaskStatus report(TaskRole role) {
    MigrationTask task = task(role);
    if (task.getStatus() == null) {
      task.setStatus(new MigrationTaskStatus());
    }
    return task.getStatus();
  }

  Scenario phases(TaskPhase source, TaskPhase target) {
    report(TaskRole.Source).setPhase(source);
    report(TaskRole.Target).setPhase(target);
    return this;
  }

  Scenario state(TaskRole role, TokenState state) {
    report(role).setState(state);
    return this;
  }

  Scenario failed(TaskRole role, TaskPhase phase, Reason reason) {
    report(role).setPhase(phase);
    report(role)
        .setFailure(
            new Failure(
                reason,
                role == TaskRole.Source ? Component.SourceAgent : Component.TargetAgent,
                "Test",
                reason.meaning(),
                reason.retriable()));
    return this;
  }

  Scenario obstacle(TaskRole role, Reason code) {
    report(role).setObstacles(List.of(new Obstacle(code, "files", "fd 5", code.meaning())));
    return this;
  }

  Scenario preflighted() {
    preflighted(TaskRole.Source);
    return preflighted(TaskRole.Target);
  }

  Scenario preflighted(TaskRole role) {
    report(role).setPhase(TaskPhase.Preflight);
    report(role)
        .setConditions(
            List.of(
                new ConditionBuilder()
                    .withType(Api.PREFLIGHTED)
                    .withStatus("True")
                    .withReason(Reason.NoObstacles.name())
                    .build()));
    return this;
  }

  Observation observe() {
    Map<String, NodeView> views = new HashMap<>();
    nodes.forEach(
        (name, node) ->
            views.put(name, new NodeView(node, busy.getOrDefault(name, 0), now, AGENT_LOST_AFTER)));
    return new Observation(migration, List.copyOf(tasks), views, now);
  }

  Decision decide() {
    return planner.decide(observe());
  }

  /** Decides, carries out and reports once. */
  Decision step() {
    Observation seen = observe();
    Decision decision = planner.decide(seen);
    if (decision instanceof StartAttempt start) {
      String token = "0".repeat(31) + start.attempt();
      for (TaskRole role : TaskRole.values()) {
        MigrationTask task = AttemptTasks.task(seen, start, role, token);
        task.setStatus(null);
        tasks.add(task);
      }
    } else if (decision instanceof Proceed) {
      seen.sides().forEach(side -> side.task().getSpec().setProceed(true));
    } else if (decision instanceof Decision.Cancel
        || decision instanceof Finish
        || decision instanceof Retry) {
      seen.sides().stream()
          .filter(side -> !side.over())
          .forEach(side -> side.task().getSpec().setCancel(true));
    }
    Optional<ProcessMigrationStatus> status = StatusReport.of(seen, decision);
    status.ifPresent(migration::setStatus);
    return decision;
  }

  /** Status of a condition of the migration; empty if it has none of that type. */
  String condition(String type) {
    return status().getConditions().stream()
        .filter(c -> c.getType().equals(type))
        .map(c -> c.getStatus() + " " + c.getReason())
        .findFirst()
        .orElse("");
  }
}
