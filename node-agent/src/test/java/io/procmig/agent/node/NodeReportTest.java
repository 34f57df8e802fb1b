// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.fabric8.kubernetes.api.model.Condition;
import io.procmig.agent.kernel.ComponentKind;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.KindState;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.StateKind;
import io.procmig.agent.modules.LoadedModule;
import io.procmig.agent.node.NodeReport.Observation;
import io.procmig.agent.process.ProcFiles;
import io.procmig.api.v1alpha1.CapabilityState;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.ModuleKind;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.NodeAgent;
import io.procmig.api.v1alpha1.NodeCapability;
import io.procmig.api.v1alpha1.NodeSlots;
import io.procmig.api.v1alpha1.Reason;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeReportTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00.123Z");
  private static final LoadedComponent FILES =
      new LoadedComponent(ComponentKind.SUBSYSTEM, 1, 1, 0, "files", "procmig_files");
  private static final LoadedComponent SOCKET =
      new LoadedComponent(ComponentKind.MEDIUM, 1, 1, 0, "socket", "procmig_socket");

  private final NodeReport report =
      new NodeReport(
          new HostFacts("boot", "6.1.0", "x86_64", "Intel", "Xeon", List.of("avx", "sse")),
          new NodeAddresses("10.0.0.1:7443", "10.0.0.1"),
          new NodeAgent("1", "pod"),
          2);

  private static Observation serving(List<LoadedComponent> components, boolean stopping) {
    return new Observation(
        null,
        null,
        new DeviceInfo(1, 1, 0, 1, 1, 7, 832, "6.1.0"),
        components,
        List.of(
            new StateKind(1, KindState.CARRIED, "regular file", "by path"),
            new StateKind(1, KindState.REFUSED, "TCP socket", "not yet")),
        List.of(
            new LoadedModule("procmig", "0.1.0", "AA", "live", 3),
            new LoadedModule("procmig_files", "0.1.0", "BB", "live", 0)),
        1,
        stopping);
  }

  private static String conditions(MigrationNodeStatus status) {
    StringBuilder line = new StringBuilder();
    for (Condition condition : status.getConditions()) {
      line.append(condition.getType()).append('=').append(condition.getStatus()).append(' ');
      line.append(condition.getReason()).append(' ');
    }
    return line.toString().strip();
  }

  @Test
  void aServingNodeTellsWhatItIsAndCan() {
    MigrationNodeStatus status =
        report.build(serving(List.of(FILES, SOCKET), false), List.of(), NOW);
    assertEquals(
        "Ready=True AgentServing SourceCapable=True Capable TargetCapable=True Capable",
        conditions(status));
    assertEquals("2030-01-01T00:00:00.123Z", status.getHeartbeatTime());
    assertEquals(new NodeSlots(2, 1), status.getSlots());
    assertEquals("0x7", status.getCpu().xstateFeatures());
    assertEquals(ModuleKind.Core, status.getModules().get(0).kind());
    assertEquals(ModuleKind.Subsystem, status.getModules().get(1).kind());
    assertEquals(
        List.of(
            new NodeCapability("regular-file", CapabilityState.Carried, "by path"),
            new NodeCapability("tcp-socket", CapabilityState.Refused, "not yet")),
        status.getCapabilities());
  }

  @Test
  void aNodeWithoutMediumIsReadyAndNotCapable() {
    MigrationNodeStatus status = report.build(serving(List.of(FILES), false), List.of(), NOW);
    assertEquals(
        "Ready=True AgentServing SourceCapable=False ModuleLoadFailed"
            + " TargetCapable=False ModuleLoadFailed",
        conditions(status));
  }

  @Test
  void aNodeWithoutModulesSaysWhyAndAStoppingOneThatItStops() {
    Observation none =
        new Observation(
            "no modules", Reason.ModulesMissing, null, List.of(), List.of(), List.of(), 0, false);
    MigrationNodeStatus status = report.build(none, List.of(), NOW);
    assertEquals(
        "Ready=False ModulesMissing SourceCapable=False ModulesMissing"
            + " TargetCapable=False ModulesMissing",
        conditions(status));
    assertEquals("no modules", status.getConditions().get(0).getMessage());
    assertNull(status.getAbiVersion());
    assertEquals(
        "Ready=False AgentLost SourceCapable=False AgentLost TargetCapable=False AgentLost",
        conditions(report.build(serving(List.of(FILES, SOCKET), true), List.of(), NOW)));
  }

  @Test
  void aConditionKeepsItsTimeWhileItsStatusStays() {
    MigrationNodeStatus first =
        report.build(serving(List.of(FILES, SOCKET), false), List.of(), NOW);
    MigrationNodeStatus second =
        report.build(serving(List.of(FILES), false), first.getConditions(), NOW.plusSeconds(10));
    assertEquals("2030-01-01T00:00:00Z", second.getConditions().get(0).getLastTransitionTime());
    assertEquals("2030-01-01T00:00:10Z", second.getConditions().get(1).getLastTransitionTime());
  }

  @Test
  void thisMachineIsRead() {
    HostFacts facts = HostFacts.read(new ProcFiles(Path.of("/proc")));
    assertEquals(36, facts.bootId().length());
    assertEquals("x86_64", facts.machine());
    assertEquals(facts.cpuFeatures().stream().sorted().toList(), facts.cpuFeatures());
  }
}
