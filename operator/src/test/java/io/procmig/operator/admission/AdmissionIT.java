// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.apiserver.ApiServer;
import io.procmig.operator.cluster.FakeAgent;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the API server refuses by itself: schemas, rules and policies. */
class AdmissionIT {
  private static final String MIGRATION =
      """
      apiVersion: procmig.io/v1alpha1
      kind: ProcessMigration
      metadata:
        name: admitted
        namespace: default
      spec:
        source:
          nodeName: node-a
          process: {pid: 42, startTimeTicks: 1000}
        target:
          nodeName: node-b
        deadline: 600s
      """;
  private static final String TASK =
      """
      apiVersion: procmig.io/v1alpha1
      kind: MigrationTask
      metadata:
        name: admitted-task
        namespace: default
      spec:
        migrationRef: {name: admitted, uid: some-uid}
        nodeName: node-a
        role: Source
        attempt: 1
        token: 00112233445566778899aabbccddeeff
        peer: {nodeName: node-b, controlAddress: "10.0.0.2:7443"}
        process: {pid: 42}
        mode: StopAndCopy
        deadlineTime: "2030-01-01T00:00:00Z"
      """;
  private static final String RUNTIME =
      """
      apiVersion: procmig.io/v1alpha1
      kind: MigrationRuntime
      metadata:
        name: default
      spec:
        agent: {image: "procmig/node-agent:dev"}
      """;

  private static KubernetesClient admin;

  @BeforeAll
  static void connect() {
    admin = ApiServer.admin();
  }

  @AfterAll
  static void disconnect() {
    admin.close();
  }

  private static HasMetadata parse(String yaml) {
    return Serialization.unmarshal(yaml);
  }

  private static String refusal(Runnable request) {
    return assertThrows(KubernetesClientException.class, request::run).getMessage();
  }

  private static void assertRefused(String words, Runnable request) {
    String message = refusal(request);
    assertTrue(message.contains(words), message);
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of(
            MIGRATION,
            "process: {pid: 42, startTimeTicks: 1000}",
            "",
            "exactly one of process and selector"),
        Arguments.of(
            MIGRATION,
            "process: {pid: 42, startTimeTicks: 1000}",
            "process: {pid: 42}\n    selector: {comm: bc}",
            "exactly one of process and selector"),
        Arguments.of(
            MIGRATION,
            "process: {pid: 42, startTimeTicks: 1000}",
            "selector: {}",
            "at least one of comm, commandLineRegex and uid"),
        Arguments.of(
            MIGRATION,
            "process: {pid: 42, startTimeTicks: 1000}",
            "selector: {comm: more-than-15-bytes}",
            "may not be more than 15"),
        Arguments.of(MIGRATION, "pid: 42", "pid: 0", "should be greater than or equal to 1"),
        Arguments.of(MIGRATION, "nodeName: node-b", "nodeName: node-a", "must be different nodes"),
        Arguments.of(
            MIGRATION,
            "nodeName: node-b",
            "nodeName: node-b\n    nodeSelector: {a: b}",
            "exactly one of nodeName and nodeSelector"),
        Arguments.of(MIGRATION, "deadline: 600s", "deadline: soon", "should match"),
        Arguments.of(MIGRATION, "deadline: 600s", "mode: PreCopy", "Unsupported value"),
        Arguments.of(
            MIGRATION,
            "nodeName: node-a",
            "nodeName: node-a\n    scope: Container",
            "spec.source.scope: Unsupported value"),
        Arguments.of(
            MIGRATION,
            "deadline: 600s",
            "mechanisms: [{kind: Stdio, fileDescriptor: 3, mechanism: Ignore}]",
            "fileDescriptor must be 0, 1 or 2"),
        Arguments.of(MIGRATION, "deadline: 600s", "retry: {limit: 11}", "less than or equal to 10"),
        Arguments.of(MIGRATION, "name: admitted", "name: a" + "a".repeat(63), "63 characters"),
        Arguments.of(
            MIGRATION, MIGRATION.substring(MIGRATION.indexOf("spec:")), "", "spec: Required value"),
        Arguments.of(TASK, "0011223344", "0", "spec.token"),
        Arguments.of(TASK, "10.0.0.2:7443", "10.0.0.2", "spec.peer.controlAddress"),
        Arguments.of(TASK, "role: Source", "role: Witness", "Unsupported value"),
        Arguments.of(RUNTIME, "name: default", "name: second", "its name is default"),
        Arguments.of(
            RUNTIME,
            "agent: {image: \"procmig/node-agent:dev\"}",
            "agent: {image: x}\n  modules: [{kernelRelease: a, hostPath: /x, image: y}]",
            "exactly one of image and hostPath"),
        Arguments.of(
            RUNTIME,
            "agent: {image: \"procmig/node-agent:dev\"}",
            "agent: {image: x, scheduling: OnDemand}",
            "Unsupported value"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void mistakeIsRefusedByName(String manifest, String before, String after, String words) {
    String wrong = manifest.replace(before, after);
    assertTrue(!wrong.equals(manifest), "the mistake is not in the manifest");
    assertRefused(words, () -> admin.resource(parse(wrong)).dryRun().create());
  }

  @Test
  void goodManifestsAreAdmittedWithDefaults() {
    ProcessMigration migration =
        admin
            .resource(Serialization.unmarshal(MIGRATION, ProcessMigration.class))
            .dryRun()
            .create();
    assertEquals("5s", migration.getSpec().getQuiesceTimeout());
    assertEquals(false, migration.getSpec().getCancel());
    assertEquals(MigrationScope.Tree, migration.getSpec().getSource().scope());
    MigrationTask task =
        admin.resource(Serialization.unmarshal(TASK, MigrationTask.class)).dryRun().create();
    assertEquals(MigrationScope.Tree, task.getSpec().getScope());
    admin.resource(parse(RUNTIME)).dryRun().create();
  }

  static Stream<Arguments> changes() {
    return Stream.of(
        Arguments.of("pid: 42", "pid: 43", "source is immutable"),
        Arguments.of(
            "nodeName: node-a", "nodeName: node-a\n    scope: Session", "source is immutable"),
        Arguments.of("nodeName: node-b", "nodeName: node-c", "target is immutable"),
        Arguments.of("deadline: 600s", "deadline: 700s", "deadline is immutable"),
        Arguments.of("deadline: 600s", "downtimeBudget: 1s", "downtimeBudget is immutable"),
        Arguments.of("deadline: 600s", "dryRun: true", "dryRun is immutable"),
        Arguments.of("deadline: 600s", "retry: {limit: 1}", "retry is immutable"),
        Arguments.of(
            "deadline: 600s",
            "mechanisms: [{kind: Stdio, mechanism: Ignore}]",
            "mechanisms is immutable"));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void immutableFieldCannotBeChanged(String before, String after, String words) {
    String name = "changed-" + Math.abs(after.hashCode());
    String created = MIGRATION.replace("admitted", name);
    admin.resource(parse(created)).create();
    try {
      assertRefused(words, () -> admin.resource(parse(created.replace(before, after))).update());
    } finally {
      admin.resource(parse(created)).delete();
    }
  }

  @Test
  void suspendAndTimeToLiveCanBeChangedAndCancelOnlyBeSet() {
    String created = MIGRATION.replace("admitted", "steered");
    admin.resource(parse(created)).create();
    try {
      for (String change :
          new String[] {
            "suspend: true", "suspend: false", "ttlAfterFinished: 1h", "cancel: true"
          }) {
        admin.resource(parse(created + "  " + change + "\n")).update();
      }
      assertRefused(
          "a cancel cannot be taken back",
          () -> admin.resource(parse(created + "  cancel: false\n")).update());
    } finally {
      admin.resource(parse(created)).delete();
    }
  }

  @Test
  void taskCanOnlyBeOrderedToProceedAndToCancel() {
    admin.resource(parse(TASK)).create();
    try {
      admin.resource(parse(TASK + "  proceed: true\n")).update();
      admin.resource(parse(TASK + "  proceed: true\n  cancel: true\n")).update();
      assertRefused(
          "proceed cannot be taken back",
          () -> admin.resource(parse(TASK + "  proceed: false\n  cancel: true\n")).update());
      assertRefused(
          "scope is immutable",
          () ->
              admin
                  .resource(parse(TASK + "  proceed: true\n  cancel: true\n  scope: Cgroup\n"))
                  .update());
      assertRefused(
          "token is immutable",
          () ->
              admin
                  .resource(
                      parse(TASK.replace("0011", "1111") + "  proceed: true\n  cancel: true\n"))
                  .update());
    } finally {
      admin.resource(parse(TASK)).delete();
    }
  }

  @Test
  void agentPublishesItsOwnNodeOnly() {
    try (FakeAgent agent = new FakeAgent("own-node");
        KubernetesClient client = ApiServer.agent("own-node");
        KubernetesClient anonymous = ApiServer.agent(null)) {
      agent.publish(1);
      MigrationNode other = new MigrationNode();
      other.getMetadata().setName("other-node");
      other.setStatus(null);
      assertRefused(
          "the agent on node own-node may not write migrationnodes of node other-node",
          () -> client.resource(other).create());
      admin.resource(other).create();
      other.setStatus(new MigrationNodeStatus());
      other.getStatus().setBootID("forged");
      assertRefused("may not write", () -> client.resource(other).patchStatus());
      assertRefused("is not bound to a node", () -> anonymous.resource(other).patchStatus());
    } finally {
      admin.resources(MigrationNode.class).withName("own-node").delete();
      admin.resources(MigrationNode.class).withName("other-node").delete();
    }
  }

  @Test
  void agentReportsOnTasksOfItsOwnNodeOnlyAndNeverWritesOrders() {
    String name = "reported-task";
    admin.resource(parse(TASK.replace("admitted-task", name))).create();
    try (FakeAgent own = new FakeAgent("node-a");
        FakeAgent other = new FakeAgent("node-b");
        KubernetesClient client = ApiServer.agent("node-a")) {
      own.report("default", name, status -> status.setRestartedPid(1));
      assertRefused(
          "the agent on node node-b may not write migrationtasks of node node-a",
          () -> other.report("default", name, status -> status.setRestartedPid(2)));
      MigrationTask task =
          client.resources(MigrationTask.class).inNamespace("default").withName(name).get();
      task.getSpec().setProceed(true);
      assertRefused("forbidden", () -> client.resource(task).update());
    } finally {
      admin.resources(MigrationTask.class).inNamespace("default").withName(name).delete();
    }
  }

  @Test
  void movingProcessesOfANodeTakesTheVerbMigrateHostOnBothNodes() {
    String user = "editor";
    admin
        .resource(
            new RoleBindingBuilder()
                .withNewMetadata()
                .withName("editor")
                .withNamespace("default")
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "procmig-edit")
                .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                .build())
        .serverSideApply();
    try (KubernetesClient client = ApiServer.user(user)) {
      assertRefused(
          "may not move processes away from node node-a",
          () -> client.resource(parse(MIGRATION)).dryRun().create());
      grant(user, "node-a");
      awaitRefusal(client, MIGRATION, "you may not move processes to node node-b");
      grant(user, "node-a", "node-b");
      awaitAdmission(client, MIGRATION);
      assertRefused(
          "to nodes of your choice",
          () ->
              client
                  .resource(parse(MIGRATION.replace("nodeName: node-b", "nodeSelector: {}")))
                  .dryRun()
                  .create());
    }
  }

  private static void grant(String user, String... nodes) {
    admin
        .resource(
            new ClusterRoleBuilder()
                .withNewMetadata()
                .withName("some-nodes")
                .endMetadata()
                .addNewRule()
                .withApiGroups("procmig.io")
                .withResources("migrationnodes")
                .withVerbs("migrate-host")
                .withResourceNames(nodes)
                .endRule()
                .build())
        .serverSideApply();
    admin
        .resource(
            new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName("some-nodes")
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "some-nodes")
                .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                .build())
        .serverSideApply();
  }

  /** The authorizer learns of a new binding a moment after it was stored. */
  private static void awaitRefusal(KubernetesClient client, String manifest, String words) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .untilAsserted(
            () -> assertRefused(words, () -> client.resource(parse(manifest)).dryRun().create()));
  }

  private static void awaitAdmission(KubernetesClient client, String manifest) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .ignoreExceptionsInstanceOf(KubernetesClientException.class)
        .until(() -> client.resource(parse(manifest)).dryRun().create() != null);
  }
}
