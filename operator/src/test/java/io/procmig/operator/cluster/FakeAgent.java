// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.cluster;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.NodeSlots;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.apiserver.ApiServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Writes what the agent of a node would write, with an agent's rights. */
public final class FakeAgent implements AutoCloseable {
  private static final String SINCE = "2030-01-01T00:00:00Z";

  private final String node;
  private final KubernetesClient client;

  /** Makes the agent of a node; it publishes nothing yet. */
  public FakeAgent(String node) {
    this.node = node;
    this.client = ApiServer.agent(node);
  }

  /** Publishes a node that can do everything. */
  public FakeAgent publish(int slots) {
    MigrationNode object = new MigrationNode();
    object.getMetadata().setName(node);
    object.getMetadata().setLabels(Map.of("kubernetes.io/hostname", node));
    MigrationNodeStatus status = new MigrationNodeStatus();
    status.setAddresses(new NodeAddresses(node + ":7443", node));
    // Tests take as long as they take; nobody counts as lost meanwhile.
    status.setHeartbeatTime(Instant.now().plus(Duration.ofHours(1)).toString());
    status.setSlots(new NodeSlots(slots, 0));
    status.setStreamVersion(1);
    status.setConditions(
        Stream.of(Api.READY, Api.SOURCE_CAPABLE, Api.TARGET_CAPABLE)
            .map(type -> condition(type, true, Reason.Capable))
            .toList());
    object.setStatus(null);
    client.resource(object).serverSideApply();
    object.setStatus(status);
    client.resource(object).patchStatus();
    return this;
  }

  /** Waits until the operator gives a task, then reports on it. */
  public MigrationTask report(String namespace, String task, Consumer<MigrationTaskStatus> report) {
    MigrationTask given =
        client
            .resources(MigrationTask.class)
            .inNamespace(namespace)
            .withName(task)
            .waitUntilCondition(t -> t != null, 90, TimeUnit.SECONDS);
    given.getMetadata().setManagedFields(null);
    MigrationTaskStatus status =
        given.getStatus() == null ? new MigrationTaskStatus() : given.getStatus();
    report.accept(status);
    status.setLastUpdateTime(Instant.now().toString());
    given.setStatus(status);
    given.getMetadata().setResourceVersion(null);
    return client.resource(given).patchStatus();
  }

  /** Waits until a task's orders are as expected. */
  public MigrationTask await(
      String namespace, String task, java.util.function.Predicate<MigrationTask> expectation) {
    return client
        .resources(MigrationTask.class)
        .inNamespace(namespace)
        .withName(task)
        .waitUntilCondition(t -> t != null && expectation.test(t), 90, TimeUnit.SECONDS);
  }

  /** A condition as agents write them. */
  public static Condition condition(String type, boolean status, Reason reason) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status ? "True" : "False")
        .withReason(reason.name())
        .withMessage(reason.meaning())
        .withLastTransitionTime(SINCE)
        .build();
  }

  /** The conditions of a task that has passed its preflight. */
  public static List<Condition> preflighted() {
    return List.of(condition(Api.PREFLIGHTED, true, Reason.NoObstacles));
  }

  @Override
  public void close() {
    client.close();
  }
}
