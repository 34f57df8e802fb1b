// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.node;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import java.net.HttpURLConnection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes this node's MigrationNode and no other. Called by one thread at a time. */
public final class NodePublisher {
  private static final Logger LOG = LoggerFactory.getLogger(NodePublisher.class);

  private final KubernetesClient client;
  private final String node;

  /** A publisher. */
  public NodePublisher(KubernetesClient client, String node) {
    this.client = client;
    this.node = node;
  }

  /**
   * Publishes what is true now. What the API server refuses is logged; the next heartbeat follows.
   *
   * @param status made from the conditions that were published before
   * @return whether the API server took it
   */
  public synchronized boolean publish(Function<List<Condition>, MigrationNodeStatus> status) {
    try {
      write(status);
      return true;
    } catch (KubernetesClientException e) {
      LOG.warn("node {}: cannot publish its MigrationNode: {}", node, e.getMessage());
      return false;
    }
  }

  private void write(Function<List<Condition>, MigrationNodeStatus> status) {
    Resource<MigrationNode> resource = client.resources(MigrationNode.class).withName(node);
    Map<String, String> labels = nodeLabels();
    MigrationNode current = resource.get();
    if (current == null) {
      client.resource(fresh(labels)).create();
    } else if (!labels.equals(labels(current))) {
      resource.edit(live -> relabel(live, labels));
    }
    // A patch of what differs, which at most heartbeats is their time.
    resource.editStatus(
        live -> {
          MigrationNodeStatus before =
              Objects.requireNonNullElseGet(live.getStatus(), MigrationNodeStatus::new);
          live.setStatus(status.apply(before.getConditions()));
          return live;
        });
  }

  private MigrationNode fresh(Map<String, String> labels) {
    MigrationNode fresh = new MigrationNode();
    fresh.setMetadata(new ObjectMetaBuilder().withName(node).withLabels(labels).build());
    return fresh;
  }

  private static MigrationNode relabel(MigrationNode live, Map<String, String> labels) {
    live.getMetadata().setLabels(labels);
    return live;
  }

  private static Map<String, String> labels(MigrationNode live) {
    Map<String, String> labels = live.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /** The labels of the Kubernetes node, by which migrations select targets. */
  private Map<String, String> nodeLabels() {
    try {
      Node own = client.nodes().withName(node).get();
      if (own == null || own.getMetadata().getLabels() == null) {
        return Map.of();
      }
      return new HashMap<>(own.getMetadata().getLabels());
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN) {
        throw e;
      }
      LOG.warn("node {}: its labels may not be read; migrations cannot select it by label", node);
      return Map.of();
    }
  }
}
