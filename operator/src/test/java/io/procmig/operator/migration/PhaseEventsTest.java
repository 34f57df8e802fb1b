// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.fabric8.kubernetes.api.model.Event;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import java.util.List;
import org.junit.jupiter.api.Test;

class PhaseEventsTest {
  private static List<Event> events(Scenario scenario, ProcessMigrationStatus before) {
    return PhaseEvents.of(scenario.migration, before, scenario.status(), Scenario.START);
  }

  private static List<String> reasons(List<Event> events) {
    return events.stream().map(event -> event.getType() + " " + event.getReason()).toList();
  }

  @Test
  void phasesThatWerePassedThroughUnseenAreTold() {
    Scenario scenario = Scenario.ordered();
    ProcessMigrationStatus before = scenario.status();
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded).step();
    assertEquals(
        List.of(
            "Normal PreparingTarget",
            "Normal Transferring",
            "Normal Frozen",
            "Normal Restoring",
            "Normal Draining",
            "Normal Succeeded"),
        reasons(events(scenario, before)));
  }

  @Test
  void failureIsAWarningWithItsReason() {
    Scenario scenario = Scenario.ordered();
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.RestartFailed);
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.CanceledByUser);
    ProcessMigrationStatus before = scenario.status();
    scenario.step();
    Event event = events(scenario, before).get(0);
    assertEquals("Warning RestartFailed", event.getType() + " " + event.getReason());
    assertEquals("move.uid-1.1.rolledback", event.getMetadata().getName());
    assertEquals(Reason.RestartFailed.meaning(), event.getMessage());
  }

  @Test
  void samePhaseTellsNothing() {
    Scenario scenario = Scenario.ordered();
    ProcessMigrationStatus before = scenario.status();
    scenario.step();
    assertEquals(List.of(), events(scenario, before));
  }

  @Test
  void tellingTwiceTellsUnderTheSameName() {
    Scenario scenario = new Scenario();
    ProcessMigrationStatus before = new ProcessMigrationStatus();
    scenario.step();
    assertEquals(events(scenario, before), events(scenario, before));
  }
}
