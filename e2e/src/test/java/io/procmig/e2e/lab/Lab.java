// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The lab with procmig installed in it. Property or environment variable {@code procmig.lab}
 * ({@code PROCMIG_LAB_TOOL}) names the lab's tool; the tool's own settings say which lab.
 */
public final class Lab {
  /** Namespace of operator and agents. */
  public static final String SYSTEM = "procmig-system";

  private static final Duration SHORT = Duration.ofSeconds(120);
  private static final Duration BOOT = Duration.ofSeconds(400);
  private static final Duration POLL = Duration.ofMillis(500);

  private static Lab instance;

  private final Path tool;
  private final Path shared;
  private final Path files;
  private final KubernetesClient client;
  private final List<Node> nodes = new ArrayList<>();

  private Lab() {
    tool =
        Optional.ofNullable(System.getProperty("procmig.lab"))
            .or(() -> Optional.ofNullable(System.getenv("PROCMIG_LAB_TOOL")))
            .map(Path::of)
            .orElseGet(() -> Path.of("lab", "lab").toAbsolutePath());
    JsonNode info = Serialization.unmarshal(run("info"), JsonNode.class);
    Config config =
        new ConfigBuilder(Config.fromKubeconfig(new File(info.get("kubeconfig").asText())))
            .withClientKeyAlgo("EC")
            .withRequestTimeout(10_000)
            .withNamespace("default")
            .build();
    client = new KubernetesClientBuilder().withConfig(config).build();
    for (JsonNode node : info.get("nodes")) {
      nodes.add(
          new Node(
              node.get("name").asText(),
              node.get("ip").asText(),
              List.of(node.get("sshCommand").asText().split(" "))));
    }
    shared = Path.of(info.get("nodes").get(0).get("shared").asText());
    files = Path.of(info.get("nodes").get(0).get("files").asText());
  }

  /** The lab of this run. */
  public static synchronized Lab get() {
    if (instance == null) {
      instance = new Lab();
    }
    return instance;
  }

  /** The node that programs start on. */
  public Node nodeA() {
    return nodes.get(0);
  }

  /** The other one. */
  public Node nodeB() {
    return nodes.get(1);
  }

  /** The other node of two. */
  public Node other(Node node) {
    return node == nodeA() ? nodeB() : nodeA();
  }

  /** Both. */
  public List<Node> nodes() {
    return nodes;
  }

  /** The directory of this host that is {@link Node#SHARED} on the nodes. */
  public Path shared() {
    return shared;
  }

  /** The directory of this host that is {@link Node#FILES} on the nodes. */
  public Path files() {
    return files;
  }

  /** All rights over the cluster. */
  public KubernetesClient client() {
    return client;
  }

  /** Runs the lab's tool; what it printed. */
  public String run(String... words) {
    return run(words[0].equals("power") ? BOOT : SHORT, words);
  }

  /** Runs the lab's tool, not longer than so long; what it printed. */
  public String run(Duration limit, String... words) {
    return Command.run(
            limit, Stream.concat(Stream.of(tool.toString(), "-q"), Stream.of(words)).toList())
        .successful();
  }

  /** Runs kubectl; how it ended. */
  public Command kubectl(String... words) {
    return Command.run(
        Duration.ofSeconds(150),
        Stream.concat(Stream.of(tool.toString(), "kubectl"), Stream.of(words)).toList());
  }

  /**
   * Kills the agent of a node, as the kernel would: at once, and again and again if it comes back.
   */
  public void killAgent(Node node) {
    List<Pod> pods =
        client
            .pods()
            .inNamespace(SYSTEM)
            .withLabel("app.kubernetes.io/name", "procmig-node-agent")
            .list()
            .getItems();
    node.ssh("pkill -KILL -f io.procmig.agent.NodeAgent");
    // Its pod goes, too: a kubelet waits longer and longer before it restarts a container.
    pods.stream()
        .filter(pod -> node.name().equals(pod.getSpec().getNodeName()))
        .forEach(pod -> client.resource(pod).withGracePeriod(0).delete());
  }

  /** Kills the operator's process and its pod. */
  public void killOperator() {
    nodes.forEach(node -> node.tryTo("pkill -KILL -f io.procmig.operator.ProcmigOperator"));
    client
        .pods()
        .inNamespace(SYSTEM)
        .withLabel("app.kubernetes.io/name", "procmig-operator")
        .withGracePeriod(0)
        .delete();
  }

  /** Waits until operator and agents serve and both nodes can be source and target. */
  public void awaitCapable() {
    Awaitility.await("operator, agents and modules are ready")
        .atMost(BOOT)
        .pollInterval(POLL)
        .ignoreExceptionsMatching(e -> e instanceof KubernetesClientException)
        .until(() -> podsReady() && nodes.stream().allMatch(this::isCapable));
  }

  private boolean podsReady() {
    List<Pod> pods = client.pods().inNamespace(SYSTEM).list().getItems();
    return pods.size() == nodes.size() + 1
        && pods.stream()
            .allMatch(
                pod ->
                    pod.getMetadata().getDeletionTimestamp() == null
                        && pod.getStatus().getConditions().stream()
                            .anyMatch(
                                c -> c.getType().equals("Ready") && c.getStatus().equals("True")));
  }

  private boolean isCapable(Node node) {
    MigrationNode seen = client.resources(MigrationNode.class).withName(node.name()).get();
    return seen != null
        && seen.getStatus() != null
        && seen.getStatus().getBootID() != null
        && Stream.of(Api.READY, Api.SOURCE_CAPABLE, Api.TARGET_CAPABLE)
            .allMatch(
                type ->
                    seen.getStatus().getConditions().stream()
                        .anyMatch(c -> c.getType().equals(type) && c.getStatus().equals("True")))
        // Last, and not again and again: a login costs a node that starts its agent a lot.
        && seen.getStatus().getBootID().equals(node.ssh("cat /proc/sys/kernel/random/boot_id"));
  }
}
