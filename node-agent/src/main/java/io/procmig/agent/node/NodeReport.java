// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.node;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.procmig.agent.kernel.ComponentKind;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.StateKind;
import io.procmig.agent.modules.LoadedModule;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.CapabilityState;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.ModuleKind;
import io.procmig.api.v1alpha1.ModuleState;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.NodeAgent;
import io.procmig.api.v1alpha1.NodeCapability;
import io.procmig.api.v1alpha1.NodeCpu;
import io.procmig.api.v1alpha1.NodeModule;
import io.procmig.api.v1alpha1.NodeSlots;
import io.procmig.api.v1alpha1.Reason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** Builds the status of this node's MigrationNode, once per heartbeat, from what is true then. */
public final class NodeReport {
  /**
   * What is observed at a heartbeat.
   *
   * @param kernelProblem why the modules do not serve; null: they do
   * @param kernelReason the reason of that; null: they do
   * @param info what the device says; null when the modules do not serve
   * @param components likewise
   * @param stateKinds likewise
   * @param modules what the kernel has loaded
   * @param slotsUsed migrations that this node takes part in
   * @param stopping whether the agent is ending
   */
  public record Observation(
      String kernelProblem,
      Reason kernelReason,
      DeviceInfo info,
      List<LoadedComponent> components,
      List<StateKind> stateKinds,
      List<LoadedModule> modules,
      int slotsUsed,
      boolean stopping) {}

  private final HostFacts host;
  private final NodeAddresses addresses;
  private final NodeAgent agent;
  private final int slots;

  /** For one node; the parameters are copied into every report. */
  public NodeReport(HostFacts host, NodeAddresses addresses, NodeAgent agent, int slots) {
    this.host = host;
    this.addresses = addresses;
    this.agent = agent;
    this.slots = slots;
  }

  /**
   * Builds the status.
   *
   * @param before the conditions that were published last, for their transition times
   */
  public MigrationNodeStatus build(Observation seen, List<Condition> before, Instant now) {
    MigrationNodeStatus status = new MigrationNodeStatus();
    status.setBootID(host.bootId());
    status.setKernelRelease(host.kernelRelease());
    status.setArchitecture(host.machine());
    status.setAddresses(addresses);
    status.setAgent(agent);
    status.setSlots(new NodeSlots(slots, seen.slotsUsed()));
    status.setHeartbeatTime(now.truncatedTo(ChronoUnit.MILLIS).toString());
    DeviceInfo info = seen.info();
    status.setCpu(
        new NodeCpu(
            host.cpuVendor(),
            host.cpuModel(),
            host.cpuFeatures(),
            info == null ? null : info.xstateBytes(),
            info == null ? null : "0x" + Long.toHexString(info.xfeatures())));
    if (info != null) {
      status.setAbiVersion(info.abiVersion());
      status.setStreamVersion(info.streamVersion());
    }
    status.setModules(seen.modules().stream().map(module -> module(module, seen)).toList());
    status.setCapabilities(seen.stateKinds().stream().map(NodeReport::capability).toList());
    List<Condition> conditions = new ArrayList<>();
    for (NodeCondition condition : judge(seen)) {
      conditions.add(condition(condition, before, now));
    }
    status.setConditions(conditions);
    return status;
  }

  static List<NodeCondition> judge(Observation seen) {
    List<NodeCondition> conditions = new ArrayList<>();
    if (seen.stopping()) {
      String message = "The agent is stopping; it takes nothing new.";
      conditions.add(new NodeCondition(Api.READY, false, Reason.AgentLost, message));
      conditions.add(new NodeCondition(Api.SOURCE_CAPABLE, false, Reason.AgentLost, message));
      conditions.add(new NodeCondition(Api.TARGET_CAPABLE, false, Reason.AgentLost, message));
      return conditions;
    }
    if (seen.kernelProblem() != null) {
      conditions.add(
          new NodeCondition(Api.READY, false, seen.kernelReason(), seen.kernelProblem()));
      conditions.add(
          new NodeCondition(Api.SOURCE_CAPABLE, false, seen.kernelReason(), seen.kernelProblem()));
      conditions.add(
          new NodeCondition(Api.TARGET_CAPABLE, false, seen.kernelReason(), seen.kernelProblem()));
      return conditions;
    }
    conditions.add(
        new NodeCondition(Api.READY, true, Reason.AgentServing, Reason.AgentServing.meaning()));
    boolean subsystem = has(seen, ComponentKind.SUBSYSTEM);
    boolean medium = has(seen, ComponentKind.MEDIUM);
    String missing = subsystem ? "medium" : "subsystem";
    for (String type : List.of(Api.SOURCE_CAPABLE, Api.TARGET_CAPABLE)) {
      boolean capable = subsystem && medium;
      conditions.add(
          capable
              ? new NodeCondition(type, true, Reason.Capable, Reason.Capable.meaning())
              : new NodeCondition(
                  type,
                  false,
                  Reason.ModuleLoadFailed,
                  "No " + missing + " is loaded. " + Reason.ModuleLoadFailed.nextStep()));
    }
    return conditions;
  }

  /** What to say about modules when the device does not answer. */
  public static String problem(KernelException failure) {
    return "The modules do not answer: " + failure.getMessage() + ". Look at dmesg on the node.";
  }

  private static boolean has(Observation seen, ComponentKind kind) {
    return seen.components().stream().anyMatch(component -> component.kind() == kind);
  }

  private static NodeModule module(LoadedModule module, Observation seen) {
    ModuleKind kind =
        seen.components().stream()
            .filter(component -> component.module().equals(module.name()))
            .map(
                component ->
                    switch (component.kind()) {
                      case SUBSYSTEM -> ModuleKind.Subsystem;
                      case MEDIUM -> ModuleKind.Medium;
                    })
            .findFirst()
            .orElse(module.name().equals("procmig") ? ModuleKind.Core : null);
    return new NodeModule(
        module.name(),
        module.version(),
        module.srcversion(),
        kind,
        module.users(),
        switch (module.state()) {
          case "coming" -> ModuleState.Loading;
          case "going" -> ModuleState.Unloading;
          default -> ModuleState.Live;
        });
  }

  private static NodeCapability capability(StateKind kind) {
    CapabilityState state =
        switch (kind.state()) {
          case CARRIED -> CapabilityState.Carried;
          case REFUSED -> CapabilityState.Refused;
          case PLANNED -> CapabilityState.Planned;
        };
    return new NodeCapability(
        kind.name().toLowerCase(Locale.ROOT).replace(' ', '-'), state, kind.note());
  }

  private static Condition condition(NodeCondition judged, List<Condition> before, Instant now) {
    String status = judged.holds() ? "True" : "False";
    String since =
        before.stream()
            .filter(old -> old.getType().equals(judged.type()))
            .filter(old -> Objects.equals(old.getStatus(), status))
            .map(Condition::getLastTransitionTime)
            .findFirst()
            .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString());
    return new ConditionBuilder()
        .withType(judged.type())
        .withStatus(status)
        .withReason(judged.reason().name())
        .withMessage(judged.message())
        .withLastTransitionTime(since)
        .build();
  }
}
