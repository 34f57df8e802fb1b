// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.NodeSlots;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.operator.placement.PlacementResult.Busy;
import io.procmig.operator.placement.PlacementResult.Placed;
import io.procmig.operator.placement.PlacementResult.Refused;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TargetChoiceTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  private final Map<String, MigrationNodeStatus> statuses = new LinkedHashMap<>();
  private final Map<String, Integer> busy = new HashMap<>();

  @BeforeEach
  void threeGoodNodes() {
    for (String name : new String[] {"a", "b", "c"}) {
      MigrationNodeStatus status = new MigrationNodeStatus();
      status.setAddresses(new NodeAddresses(name + ":7443", name));
      status.setHeartbeatTime(NOW.toString());
      status.setSlots(new NodeSlots(1, 0));
      status.setStreamVersion(1);
      status.setConditions(
          Stream.of(Api.READY, Api.SOURCE_CAPABLE, Api.TARGET_CAPABLE)
              .map(type -> new ConditionBuilder().withType(type).withStatus("True").build())
              .toList());
      statuses.put(name, status);
    }
  }

  private PlacementResult choose(String source, MigrationTarget target) {
    Map<String, NodeView> nodes = new HashMap<>();
    statuses.forEach(
        (name, status) -> {
          MigrationNode node = new MigrationNode();
          node.setMetadata(
              new ObjectMetaBuilder().withName(name).addToLabels("rack", "of-" + name).build());
          node.setStatus(status);
          nodes.put(
              name, new NodeView(node, busy.getOrDefault(name, 0), NOW, Duration.ofSeconds(60)));
        });
    return TargetChoice.choose(source, target, nodes);
  }

  private static MigrationTarget named(String name) {
    return new MigrationTarget(name, null);
  }

  private static MigrationTarget any() {
    return new MigrationTarget(null, Map.of());
  }

  private void condition(String node, String type, String status) {
    statuses
        .get(node)
        .getConditions()
        .replaceAll(
            c ->
                c.getType().equals(type)
                    ? new ConditionBuilder(c)
                        .withStatus(status)
                        .withReason("ModulesMissing")
                        .withMessage("no modules for 6.1.0")
                        .build()
                    : c);
  }

  private void assertRefused(Reason reason, String words, PlacementResult result) {
    Refused refused = assertInstanceOf(Refused.class, result);
    assertEquals(reason, refused.reason());
    assertTrue(refused.message().contains(words), refused.message());
  }

  @Test
  void namedTargetIsTaken() {
    Placed placed = assertInstanceOf(Placed.class, choose("a", named("c")));
    assertEquals("c", placed.target().name());
    assertEquals("c:7443", placed.target().controlAddress());
  }

  @Test
  void leastBusyMatchingNodeIsTaken() {
    statuses.values().forEach(status -> status.setSlots(new NodeSlots(4, 0)));
    busy.put("b", 1);
    Placed placed = assertInstanceOf(Placed.class, choose("a", any()));
    assertEquals("c", placed.target().name());
    assertEquals(2, placed.candidates());
  }

  @Test
  void sourceIsNeverItsOwnTarget() {
    assertRefused(Reason.SameNode, "is on node a already", choose("a", named("a")));
    assertRefused(
        Reason.NoTargetAvailable,
        "0 nodes other than a",
        choose("a", new MigrationTarget(null, Map.of("rack", "of-a"))));
  }

  @Test
  void unknownNodesAreRefused() {
    assertRefused(Reason.WrongNode, "MigrationNode x to be the source", choose("x", named("b")));
    assertRefused(Reason.WrongNode, "MigrationNode x to be the target", choose("a", named("x")));
  }

  @Test
  void incapableNodesAreRefusedWithTheirOwnReason() {
    condition("b", Api.TARGET_CAPABLE, "False");
    assertRefused(
        Reason.TargetNotCapable, "ModulesMissing: no modules for 6.1.0", choose("a", named("b")));
    condition("a", Api.SOURCE_CAPABLE, "False");
    assertRefused(Reason.SourceNotCapable, "leave node a", choose("a", named("c")));
  }

  @Test
  void nodesWhoseAgentIsLostAreRefused() {
    statuses.get("b").setHeartbeatTime("2029-12-31T23:58:59Z");
    assertRefused(
        Reason.TargetNotCapable, "last seen 2029-12-31T23:58:59Z", choose("a", named("b")));
    assertEquals("c", assertInstanceOf(Placed.class, choose("a", any())).target().name());
  }

  @Test
  void nodesThatSpeakAnotherStreamVersionAreRefused() {
    statuses.get("b").setStreamVersion(2);
    assertRefused(Reason.KernelIncompatible, "1 and 2", choose("a", named("b")));
    statuses.get("c").setStreamVersion(2);
    assertRefused(Reason.NoTargetAvailable, "none of them", choose("a", any()));
  }

  @Test
  void fullNodesAreWaitedFor() {
    busy.put("b", 1);
    Busy waiting = assertInstanceOf(Busy.class, choose("a", named("b")));
    assertTrue(waiting.message().contains("node b takes part in 1 of 1"), waiting.message());
    assertEquals("c", assertInstanceOf(Placed.class, choose("a", any())).target().name());
    busy.put("a", 1);
    assertInstanceOf(Busy.class, choose("a", named("c")));
  }
}
