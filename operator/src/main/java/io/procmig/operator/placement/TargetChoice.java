// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.placement;

import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.operator.placement.PlacementResult.Busy;
import io.procmig.operator.placement.PlacementResult.Placed;
import io.procmig.operator.placement.PlacementResult.Refused;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Chooses the target of a migration among the nodes; a pure function. */
public final class TargetChoice {
  private TargetChoice() {}

  /**
   * Chooses.
   *
   * @param sourceName node that the process runs on
   * @param target what the user asked for
   * @param nodes all nodes by name
   */
  public static PlacementResult choose(
      String sourceName, MigrationTarget target, Map<String, NodeView> nodes) {
    NodeView source = nodes.get(sourceName);
    if (source == null) {
      return unknown("source", sourceName);
    }
    Optional<String> reluctance = source.cannotBeSource();
    if (reluctance.isPresent()) {
      return new Refused(
          Reason.SourceNotCapable,
          "No process can leave node "
              + sourceName
              + ": "
              + reluctance.get()
              + ". See kubectl describe mnode "
              + sourceName
              + ".");
    }
    return target.nodeName() != null
        ? named(source, target.nodeName(), nodes)
        : selected(source, target.nodeSelector(), nodes);
  }

  private static PlacementResult named(
      NodeView source, String targetName, Map<String, NodeView> nodes) {
    if (targetName.equals(source.name())) {
      return new Refused(
          Reason.SameNode,
          "The process is on node " + targetName + " already. Name another target.");
    }
    NodeView target = nodes.get(targetName);
    if (target == null) {
      return unknown("target", targetName);
    }
    Optional<String> reluctance = target.cannotBeTarget();
    if (reluctance.isPresent()) {
      return new Refused(
          Reason.TargetNotCapable,
          "No process can arrive at node "
              + targetName
              + ": "
              + reluctance.get()
              + ". See kubectl describe mnode "
              + targetName
              + ".");
    }
    if (!speakTheSame(source, target)) {
      return new Refused(
          Reason.KernelIncompatible,
          "The modules of nodes "
              + source.name()
              + " and "
              + targetName
              + " speak different stream versions, "
              + source.streamVersion().orElseThrow()
              + " and "
              + target.streamVersion().orElseThrow()
              + ". Bring both to the same release of procmig.");
    }
    return place(source, List.of(target), "node " + targetName + " was named");
  }

  private static PlacementResult selected(
      NodeView source, Map<String, String> selector, Map<String, NodeView> nodes) {
    List<NodeView> matching =
        nodes.values().stream()
            .filter(node -> !node.name().equals(source.name()))
            .filter(node -> node.matches(selector))
            .toList();
    List<NodeView> capable =
        matching.stream()
            .filter(node -> node.cannotBeTarget().isEmpty() && speakTheSame(source, node))
            .sorted(Comparator.comparingInt(NodeView::busy).thenComparing(NodeView::name))
            .toList();
    if (capable.isEmpty()) {
      return new Refused(
          Reason.NoTargetAvailable,
          matching.size()
              + " nodes other than "
              + source.name()
              + " match the selector "
              + selector
              + ", and none of them can take the process. See kubectl get mnode --show-labels.");
    }
    return place(source, capable, "it is the least busy of " + capable.size() + " capable nodes");
  }

  private static PlacementResult place(NodeView source, List<NodeView> candidates, String why) {
    Optional<String> full = source.full();
    if (full.isPresent()) {
      return new Busy("Waiting for a slot: " + full.get() + ".");
    }
    return candidates.stream()
        .filter(node -> node.full().isEmpty())
        .findFirst()
        .<PlacementResult>map(target -> new Placed(source, target, candidates.size(), why))
        .orElseGet(
            () -> new Busy("Waiting for a slot: " + candidates.get(0).full().orElseThrow() + "."));
  }

  private static boolean speakTheSame(NodeView source, NodeView target) {
    return source.streamVersion().isEmpty()
        || target.streamVersion().isEmpty()
        || source.streamVersion().equals(target.streamVersion());
  }

  private static PlacementResult unknown(String role, String name) {
    return new Refused(
        Reason.WrongNode,
        "There is no MigrationNode "
            + name
            + " to be the "
            + role
            + ": the node does not exist or has no agent. See kubectl get mnode.");
  }
}
