// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.placement;

import io.fabric8.kubernetes.api.model.Condition;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a {@link MigrationNode} tells, judged at one moment. */
public final class NodeView {
  private final MigrationNode node;
  private final MigrationNodeStatus status;
  private final boolean lost;
  private final int busy;

  /**
   * Judges a node.
   *
   * @param busy how many unfinished tasks the operator knows of there
   */
  public NodeView(MigrationNode node, int busy, Instant now, Duration agentLostAfter) {
    this.node = node;
    this.status = Objects.requireNonNullElseGet(node.getStatus(), MigrationNodeStatus::new);
    this.busy = busy;
    String heartbeat = status.getHeartbeatTime();
    this.lost = heartbeat == null || Instant.parse(heartbeat).plus(agentLostAfter).isBefore(now);
  }

  /** Name of the node. */
  public String name() {
    return node.getMetadata().getName();
  }

  /** Whether its agent has not confirmed its state for too long. */
  public boolean lost() {
    return lost;
  }

  /** When its agent last confirmed its state, for messages. */
  public String lastSeen() {
    return Objects.requireNonNullElse(status.getHeartbeatTime(), "never");
  }

  /** Why no process can leave it now; empty if one can. */
  public Optional<String> cannotBeSource() {
    return cannot(Api.SOURCE_CAPABLE);
  }

  /** Why no process can arrive at it now; empty if one can. */
  public Optional<String> cannotBeTarget() {
    return cannot(Api.TARGET_CAPABLE);
  }

  /** Why it cannot take part in one more migration now; empty if it can. */
  public Optional<String> full() {
    if (status.getSlots() == null || status.getSlots().total() == null) {
      return Optional.empty();
    }
    int total = status.getSlots().total();
    int used = Math.max(busy, Objects.requireNonNullElse(status.getSlots().used(), 0));
    return used < total
        ? Optional.empty()
        : Optional.of("node " + name() + " takes part in " + used + " of " + total + " migrations");
  }

  /** How many migrations the operator knows of there. */
  public int busy() {
    return busy;
  }

  /** Address of its agent's control channel as host:port; only for a node that is capable. */
  public String controlAddress() {
    return status.getAddresses().control();
  }

  /** Version of the stream that its modules speak; empty if it does not tell. */
  public Optional<Integer> streamVersion() {
    return Optional.ofNullable(status.getStreamVersion());
  }

  /** Whether it carries all the given labels. */
  public boolean matches(Map<String, String> selector) {
    Map<String, String> labels =
        Objects.requireNonNullElseGet(node.getMetadata().getLabels(), Map::of);
    return labels.entrySet().containsAll(selector.entrySet());
  }

  private Optional<String> cannot(String capability) {
    if (lost) {
      return Optional.of("its agent was last seen " + lastSeen());
    }
    if (status.getAddresses() == null || status.getAddresses().control() == null) {
      return Optional.of("its agent publishes no control address");
    }
    return falseCondition(Api.READY).or(() -> falseCondition(capability));
  }

  private Optional<String> falseCondition(String type) {
    Optional<Condition> condition =
        status.getConditions().stream().filter(c -> c.getType().equals(type)).findFirst();
    if (condition.isEmpty()) {
      return Optional.of("it has no condition " + type);
    }
    if (condition.get().getStatus().equals("True")) {
      return Optional.empty();
    }
    return Optional.of(
        "its condition "
            + type
            + " is "
            + condition.get().getStatus()
            + " ("
            + condition.get().getReason()
            + ": "
            + Objects.requireNonNullElse(condition.get().getMessage(), "no message")
            + ")");
  }
}
