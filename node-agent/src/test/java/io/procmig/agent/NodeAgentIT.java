// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.procmig.agent.config.AgentConfig;
import io.procmig.agent.control.TestCertificates;
import io.procmig.agent.orders.ClusterOrders;
import io.procmig.api.v1alpha1.MigrationMode;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskOwner;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import io.procmig.api.v1alpha1.Peer;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.apiserver.ApiServer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole agent on a real API server, with the rights of its pod, on a kernel without modules. */
class NodeAgentIT {
  private static final KubernetesClient ADMIN = ApiServer.admin();

  @TempDir Path directory;

  @AfterAll
  static void disconnect() {
    ADMIN.close();
  }

  private NodeAgent agent(String node, String address) throws Exception {
    new TestCertificates().issue(directory.resolve("tls"), "procmig-agent");
    ADMIN
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(node)
                .addToLabels("zone", "of-" + node)
                .endMetadata()
                .build())
        .serverSideApply();
    AgentConfig config =
        AgentConfig.from(
            Map.of(
                "NODE_NAME",
                node,
                "HOST_IP",
                address,
                "PROCMIG_CONTROL_PORT",
                "0",
                "PROCMIG_HEALTH_ADDRESS",
                address + ":0",
                "PROCMIG_DATA_TLS",
                "off",
                "PROCMIG_TLS_DIR",
                directory.resolve("tls").toString(),
                "PROCMIG_STATE_DIR",
                directory.resolve(node).toString(),
                "PROCMIG_MODULES_DIR",
                directory.resolve("no-modules").toString(),
                "PROCMIG_DEVICE",
                directory.resolve("no-device").toString(),
                "PROCMIG_HEARTBEAT",
                "500ms"));
    NodeAgent agent =
        new NodeAgent(config, thread -> new ClusterOrders(ApiServer.agent(node), node, thread));
    agent.start();
    return agent;
  }

  private static MigrationNode awaitNode(String name, Predicate<MigrationNode> condition) {
    return ADMIN
        .resources(MigrationNode.class)
        .withName(name)
        .waitUntilCondition(
            node -> node != null && node.getStatus() != null && condition.test(node),
            90,
            TimeUnit.SECONDS);
  }

  private static MigrationTask task(String name, String node) {
    byte[] token = new byte[16];
    ThreadLocalRandom.current().nextBytes(token);
    MigrationTaskSpec spec = new MigrationTaskSpec();
    spec.setMigrationRef(new MigrationTaskOwner("m", "uid-m"));
    spec.setNodeName(node);
    spec.setRole(TaskRole.Source);
    spec.setAttempt(1);
    spec.setToken(HexFormat.of().formatHex(token));
    spec.setPeer(new Peer("node-y", "127.0.0.1:1"));
    spec.setSelector(new ProcessSelector("no-such-comm", null, null));
    spec.setMode(MigrationMode.StopAndCopy);
    spec.setDeadlineTime(Instant.now().plusSeconds(600).toString());
    MigrationTask task = new MigrationTask();
    task.setMetadata(new ObjectMetaBuilder().withNamespace("default").withName(name).build());
    task.setSpec(spec);
    return ADMIN.resource(task).create();
  }

  @Test
  void anAgentPublishesItsNodeCarriesOutItsTasksAndLeavesInOrder() throws Exception {
    try (NodeAgent agent = agent("node-x", "127.0.0.1")) {
      assertTrue(agent.controlPort() > 0);
      MigrationNode node = awaitNode("node-x", n -> !n.getStatus().getConditions().isEmpty());
      Condition ready = node.getStatus().getConditions().get(0);
      assertEquals("False ModulesMissing", ready.getStatus() + " " + ready.getReason());
      assertEquals("of-node-x", node.getMetadata().getLabels().get("zone"));
      String first = node.getStatus().getHeartbeatTime();
      awaitNode("node-x", n -> !n.getStatus().getHeartbeatTime().equals(first));

      task("mine", "node-x");
      MigrationTask others = task("not-mine", "node-z");
      MigrationTask mine =
          ADMIN
              .resources(MigrationTask.class)
              .inNamespace("default")
              .withName("mine")
              .waitUntilCondition(
                  t -> t.getStatus() != null && t.getStatus().getCompletionTime() != null,
                  90,
                  TimeUnit.SECONDS);
      assertEquals(TaskPhase.Failed, mine.getStatus().getPhase());
      assertEquals(Reason.ProcessNotFound, mine.getStatus().getFailure().reason());
      assertTrue(mine.getStatus().getSourceIntact());
      MigrationTask untouched = ADMIN.resource(others).get();
      assertTrue(untouched.getStatus() == null || untouched.getStatus().getPhase() == null);
      try (KubernetesClient rights = ApiServer.agent("node-x")) {
        KubernetesClientException refused =
            assertThrows(
                KubernetesClientException.class,
                () ->
                    rights
                        .resource(others)
                        .editStatus(
                            live -> {
                              live.setStatus(mine.getStatus());
                              return live;
                            }));
        assertEquals(403, refused.getCode());
      }
    }
    MigrationNode stopped =
        awaitNode(
            "node-x", n -> n.getStatus().getConditions().get(0).getReason().equals("AgentLost"));
    assertFalse(stopped.getStatus().getConditions().get(0).getMessage().isEmpty());
  }
}
