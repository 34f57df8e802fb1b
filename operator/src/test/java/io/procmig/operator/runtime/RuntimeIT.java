// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.apiserver.ApiServer;
import io.procmig.operator.cluster.RunningOperator;
import io.procmig.operator.config.OperatorConfig;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The agents' objects on a real API server, made with the rights that the manifests give. */
class RuntimeIT {
  private static final KubernetesClient ADMIN = ApiServer.admin();
  private static final String MANIFEST =
      """
      apiVersion: procmig.io/v1alpha1
      kind: MigrationRuntime
      metadata: {name: default}
      spec:
        agent:
          image: procmig/node-agent:dev
          tolerations: [{operator: Exists}]
          resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 0.25Gi}}
      """;

  @RegisterExtension
  static final RunningOperator OPERATOR =
      new RunningOperator(
          () -> new RuntimeReconciler(OperatorConfig.from(Map.of()), Clock.systemUTC()), false);

  @AfterAll
  static void disconnect() {
    ADMIN.resources(MigrationRuntime.class).withName(Api.RUNTIME_NAME).delete();
    ADMIN.close();
  }

  private static MigrationRuntime apply(String manifest) {
    return ADMIN
        .resource(Serialization.unmarshal(manifest, MigrationRuntime.class))
        .serverSideApply();
  }

  private static DaemonSet agents(Predicate<DaemonSet> expectation) {
    return ADMIN
        .apps()
        .daemonSets()
        .inNamespace(ApiServer.SYSTEM)
        .withName("procmig-node-agent")
        .waitUntilCondition(d -> d != null && expectation.test(d), 90, TimeUnit.SECONDS);
  }

  private static MigrationRuntime await(String ready, String counts) {
    return ADMIN
        .resources(MigrationRuntime.class)
        .withName("default")
        .waitUntilCondition(
            runtime ->
                runtime != null
                    && runtime.getStatus() != null
                    && runtime.getStatus().getConditions().stream()
                        .anyMatch(
                            c ->
                                c.getType().equals(Api.READY)
                                    && (c.getStatus() + " " + c.getReason()).equals(ready))
                    && counts.equals(
                        runtime.getStatus().getAgents().ready()
                            + "/"
                            + runtime.getStatus().getAgents().desired()),
            90,
            TimeUnit.SECONDS);
  }

  private static void controllerSays(DaemonSet agents, int desired, int ready) {
    agents.setStatus(
        new DaemonSetStatusBuilder()
            .withObservedGeneration(agents.getMetadata().getGeneration())
            .withDesiredNumberScheduled(desired)
            .withCurrentNumberScheduled(desired)
            .withUpdatedNumberScheduled(desired)
            .withNumberReady(ready)
            .withNumberMisscheduled(0)
            .build());
    agents.getMetadata().setManagedFields(null);
    agents.getMetadata().setResourceVersion(null);
    ADMIN.resource(agents).patchStatus();
  }

  @Test
  void agentsFollowTheRuntime() throws IOException, InterruptedException {
    apply(MANIFEST);
    DaemonSet agents = agents(d -> true);
    assertEquals(
        "procmig/node-agent:dev",
        agents.getSpec().getTemplate().getSpec().getContainers().get(0).getImage());
    assertEquals("MigrationRuntime", agents.getMetadata().getOwnerReferences().get(0).getKind());
    await("False AgentsNotReady", "0/0");
    Secret certificate =
        ADMIN.secrets().inNamespace(ApiServer.SYSTEM).withName("procmig-agent-tls").get();
    assertEquals(
        Map.of("tls.crt", true, "tls.key", true, "ca.crt", true).keySet(),
        certificate.getData().keySet());

    controllerSays(agents, 2, 1);
    await("False AgentsNotReady", "1/2");
    controllerSays(agents(d -> true), 2, 2);
    await("True AgentsReady", "2/2");
    String line = ApiServer.kubectl("get", "mrt").replaceAll(" +", " ");
    assertTrue(line.contains("NAME READY DESIRED AGENTS AGE"), line);
    assertTrue(line.contains("default True 2 2"), line);

    // Nothing that the API server adds to the DaemonSet may make the operator write it again.
    long generation = agents(d -> true).getMetadata().getGeneration();
    assertEquals(1, generation);

    apply(MANIFEST.replace(":dev", ":next"));
    DaemonSet updated =
        agents(
            d ->
                d.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .get(0)
                    .getImage()
                    .endsWith(":next"));
    assertEquals(2, updated.getMetadata().getGeneration());
    await("False AgentsNotReady", "2/2");
    assertEquals(
        certificate.getData(),
        ADMIN.secrets().inNamespace(ApiServer.SYSTEM).withName("procmig-agent-tls").get().getData(),
        "the certificate stays");

    // What someone takes away is put back.
    ADMIN.secrets().inNamespace(ApiServer.SYSTEM).withName("procmig-agent-tls").delete();
    ADMIN
        .secrets()
        .inNamespace(ApiServer.SYSTEM)
        .withName("procmig-agent-tls")
        .waitUntilCondition(secret -> secret != null, 90, TimeUnit.SECONDS);
    String before =
        updated
            .getSpec()
            .getTemplate()
            .getMetadata()
            .getAnnotations()
            .get("procmig.io/certificate");
    agents(
        d ->
            !d.getSpec()
                .getTemplate()
                .getMetadata()
                .getAnnotations()
                .get("procmig.io/certificate")
                .equals(before));
  }
}
