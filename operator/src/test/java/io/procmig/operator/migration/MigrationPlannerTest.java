// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.RetryPolicy;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.api.v1alpha1.Timings;
import io.procmig.api.v1alpha1.TokenState;
import io.procmig.operator.migration.Decision.Accept;
import io.procmig.operator.migration.Decision.Cancel;
import io.procmig.operator.migration.Decision.Delete;
import io.procmig.operator.migration.Decision.Finish;
import io.procmig.operator.migration.Decision.Proceed;
import io.procmig.operator.migration.Decision.Release;
import io.procmig.operator.migration.Decision.Rest;
import io.procmig.operator.migration.Decision.Retry;
import io.procmig.operator.migration.Decision.StartAttempt;
import io.procmig.operator.migration.Decision.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MigrationPlannerTest {
  private static Finish finish(Decision decision) {
    return assertInstanceOf(Finish.class, decision);
  }

  private static Wait waiting(Decision decision) {
    return assertInstanceOf(Wait.class, decision);
  }

  private static void assertEnds(
      Scenario scenario, MigrationPhase outcome, Reason reason, String sourceIntact) {
    finish(scenario.step());
    assertEquals(outcome, scenario.status().getPhase());
    assertEquals(reason, scenario.status().getFailure().reason());
    assertEquals("False " + reason, scenario.condition(Api.READY));
    assertEquals("True " + reason, scenario.condition(Api.STALLED));
    assertEquals("False " + reason, scenario.condition(Api.RECONCILING));
    assertEquals(sourceIntact, scenario.condition(Api.SOURCE_INTACT));
    assertInstanceOf(Rest.class, scenario.decide());
  }

  @Test
  void everythingGoesWell() {
    Scenario scenario = new Scenario();
    assertInstanceOf(Accept.class, scenario.step());
    assertEquals("2030-01-01T00:10:00Z", scenario.status().getDeadlineTime());
    assertEquals(MigrationPhase.Pending, scenario.status().getPhase());

    assertInstanceOf(StartAttempt.class, scenario.step());
    assertEquals(MigrationPhase.Preflight, scenario.status().getPhase());
    assertEquals("move-1-source", scenario.status().getSource().taskName());
    assertEquals("move-1-target", scenario.status().getTarget().taskName());
    assertEquals(Scenario.TARGET, scenario.status().getTarget().nodeName());
    assertEquals(
        "node-b:7443", scenario.task(TaskRole.Source).getSpec().getPeer().controlAddress());

    scenario.preflighted(TaskRole.Source);
    assertEquals(Reason.Preflight, waiting(scenario.step()).reason());
    scenario.preflighted(TaskRole.Target);
    assertInstanceOf(Proceed.class, scenario.step());
    assertTrue(scenario.task(TaskRole.Source).getSpec().getProceed());
    assertEquals("True NoObstacles", scenario.condition(Api.PREFLIGHTED));

    scenario.phases(TaskPhase.PreparingTarget, TaskPhase.PreparingTarget).step();
    assertEquals(MigrationPhase.PreparingTarget, scenario.status().getPhase());
    scenario.phases(TaskPhase.Transferring, TaskPhase.PreparingTarget).step();
    assertEquals(MigrationPhase.Transferring, scenario.status().getPhase());
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring).step();
    assertEquals(MigrationPhase.Restoring, scenario.status().getPhase());
    assertEquals("True NotCommitted", scenario.condition(Api.SOURCE_INTACT));

    scenario.state(TaskRole.Source, TokenState.Committed).step();
    assertEquals(MigrationPhase.Draining, scenario.status().getPhase());
    assertEquals("False Committed", scenario.condition(Api.SOURCE_INTACT));

    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded);
    scenario.state(TaskRole.Source, TokenState.Finished);
    scenario.report(TaskRole.Target).setRestartedPid(1234);
    finish(scenario.step());
    assertEquals(MigrationPhase.Succeeded, scenario.status().getPhase());
    assertEquals(1234, scenario.status().getTarget().pid());
    assertEquals("True Succeeded", scenario.condition(Api.READY));
    assertEquals("False Succeeded", scenario.condition(Api.RECONCILING));
    assertEquals("False Succeeded", scenario.condition(Api.STALLED));
    assertEquals("False Committed", scenario.condition(Api.SOURCE_INTACT));
    assertInstanceOf(Rest.class, scenario.decide());
  }

  @Test
  void decidingTwiceOnTheSameObservationDecidesTheSame() {
    Scenario scenario = Scenario.started();
    assertEquals(scenario.decide(), scenario.decide());
    assertEquals(
        StatusReport.of(scenario.observe(), scenario.decide()).orElseThrow().getConditions(),
        StatusReport.of(scenario.observe(), scenario.decide()).orElseThrow().getConditions());
  }

  @Test
  void nothingIsOrderedBeforeBothSidesHavePassedTheirPreflight() {
    Scenario scenario = Scenario.started();
    scenario.preflighted(TaskRole.Target);
    assertEquals(Reason.Preflight, waiting(scenario.step()).reason());
    assertFalse(scenario.task(TaskRole.Source).getSpec().getProceed());
  }

  @Test
  void obstaclesOfBothSidesAreReportedTogether() {
    Scenario scenario = Scenario.started();
    scenario.obstacle(TaskRole.Source, Reason.UnsupportedState);
    assertInstanceOf(Wait.class, scenario.step(), "the target has not said anything yet");
    scenario.obstacle(TaskRole.Target, Reason.PidTaken);
    Cancel cancel = assertInstanceOf(Cancel.class, scenario.step());
    assertEquals(Reason.UnsupportedState, cancel.cause().reason());

    scenario.failed(TaskRole.Source, TaskPhase.Failed, Reason.ObstaclesFound);
    scenario.failed(TaskRole.Target, TaskPhase.Canceled, Reason.CanceledByUser);
    assertEnds(scenario, MigrationPhase.Failed, Reason.UnsupportedState, "True NotCommitted");
    assertEquals(2, scenario.status().getObstacles().size());
    assertEquals("False ObstaclesFound", scenario.condition(Api.PREFLIGHTED));
    assertTrue(scenario.status().getFailure().message().contains("1 more: see status.obstacles"));
  }

  @Test
  void targetThatFailedFirstDoesNotCutTheSourceShort() {
    Scenario scenario = Scenario.started();
    scenario.obstacle(TaskRole.Target, Reason.PidTaken);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.PidTaken);
    assertEquals(Reason.Preflight, waiting(scenario.step()).reason());
    assertFalse(scenario.task(TaskRole.Source).getSpec().getCancel());
    scenario.obstacle(TaskRole.Source, Reason.UnsupportedState);
    scenario.failed(TaskRole.Source, TaskPhase.Failed, Reason.UnsupportedState);
    assertEnds(scenario, MigrationPhase.Failed, Reason.UnsupportedState, "True NotCommitted");
    assertEquals(2, scenario.status().getObstacles().size());
  }

  @Test
  void sourceWithoutAVerdictIsNotWaitedForBeyondTheDeadline() {
    Scenario scenario = Scenario.started();
    scenario.obstacle(TaskRole.Target, Reason.PidTaken);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.PidTaken);
    scenario.pass(Duration.ofMinutes(10));
    assertInstanceOf(Cancel.class, scenario.step());
  }

  @Test
  void rollbackOfTheSourceIsTheOutcome() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring).step();
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.RestartFailed);
    assertInstanceOf(Cancel.class, scenario.step());
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.TransferInterrupted);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.RestartFailed, "True NotCommitted");
    assertEquals(Component.TargetAgent, scenario.status().getFailure().component());
  }

  @Test
  void commitThatTheTargetProvesNeverRanIsRolledBack() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring);
    scenario.state(TaskRole.Source, TokenState.Committed).step();
    assertEquals("False Committed", scenario.condition(Api.SOURCE_INTACT));
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.RestartFailed);
    assertInstanceOf(Wait.class, scenario.step(), "only the source can take the commit back");
    assertEquals(MigrationPhase.Draining, scenario.status().getPhase());
    scenario.state(TaskRole.Source, TokenState.Aborted);
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.RestartFailed);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.RestartFailed, "True NotCommitted");
  }

  @Test
  void cancelBeforeAnAttemptFinishesAtOnce() {
    Scenario scenario = new Scenario();
    scenario.step();
    scenario.spec().setCancel(true);
    assertEnds(scenario, MigrationPhase.Canceled, Reason.CanceledByUser, "True NotCommitted");
    assertEquals("True CanceledByUser", scenario.condition(Api.CANCEL_REQUESTED));
    assertTrue(scenario.tasks().isEmpty());
  }

  @Test
  void cancelDuringTheTransferWaitsForBothAgents() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Transferring, TaskPhase.Restoring);
    scenario.spec().setCancel(true);
    assertInstanceOf(Cancel.class, scenario.step());
    assertEquals(Reason.Canceling, waiting(scenario.step()).reason());
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.CanceledByUser);
    assertEquals(Reason.Canceling, waiting(scenario.step()).reason());
    scenario.failed(TaskRole.Target, TaskPhase.Canceled, Reason.CanceledByUser);
    assertEnds(scenario, MigrationPhase.Canceled, Reason.CanceledByUser, "True NotCommitted");
  }

  @Test
  void cancelAfterCommitChangesNothing() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Draining, TaskPhase.Draining).step();
    scenario.spec().setCancel(true);
    assertEquals(Reason.Draining, waiting(scenario.step()).reason());
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded);
    assertEquals(MigrationPhase.Succeeded, finish(scenario.step()).outcome());
  }

  @Test
  void deletingAMigrationThatNeverStartedReleasesItAtOnce() {
    assertInstanceOf(Release.class, new Scenario().delete().decide());
  }

  @Test
  void deletingAnUnfinishedMigrationCancelsItFirst() {
    Scenario scenario = Scenario.started().delete();
    assertInstanceOf(Cancel.class, scenario.step());
    scenario.phases(TaskPhase.Canceled, TaskPhase.Canceled);
    assertEquals(MigrationPhase.Canceled, finish(scenario.step()).outcome());
    assertInstanceOf(Release.class, scenario.step());
  }

  @Test
  void deletingACommittedMigrationWaitsForItsEnd() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Draining, TaskPhase.Draining).step();
    scenario.delete();
    assertInstanceOf(Wait.class, scenario.step());
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded);
    assertInstanceOf(Finish.class, scenario.step());
    assertInstanceOf(Release.class, scenario.step());
  }

  @Test
  void suspendedMigrationStartsNothing() {
    Scenario scenario = new Scenario();
    scenario.spec().setSuspend(true);
    scenario.step();
    assertEquals(Reason.Suspended, waiting(scenario.step()).reason());
    scenario.spec().setSuspend(false);
    assertInstanceOf(StartAttempt.class, scenario.step());
  }

  @Test
  void suspendDoesNotStopAnAttemptThatIsUnderWay() {
    Scenario scenario = Scenario.started();
    scenario.spec().setSuspend(true);
    scenario.preflighted();
    assertInstanceOf(Proceed.class, scenario.step());
  }

  @Test
  void dryRunEndsWithTheVerdictAndOrdersNothing() {
    Scenario scenario = new Scenario();
    scenario.spec().setDryRun(true);
    scenario.step();
    scenario.step();
    scenario.preflighted();
    assertInstanceOf(Wait.class, scenario.step());
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Preflight);
    Finish finish = finish(scenario.step());
    assertEquals(Reason.DryRunPassed, finish.reason());
    assertEquals(MigrationPhase.Succeeded, scenario.status().getPhase());
    assertEquals("True DryRunPassed", scenario.condition(Api.READY));
    assertEquals("True NoObstacles", scenario.condition(Api.PREFLIGHTED));
    assertEquals("True NotCommitted", scenario.condition(Api.SOURCE_INTACT));
    assertFalse(scenario.task(TaskRole.Source).getSpec().getProceed());
  }

  @Test
  void dryRunWithObstaclesFails() {
    Scenario scenario = new Scenario();
    scenario.spec().setDryRun(true);
    scenario.step();
    scenario.step();
    scenario.obstacle(TaskRole.Target, Reason.FileMissing);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.FileMissing);
    scenario.report(TaskRole.Source).setPhase(TaskPhase.Succeeded);
    assertEnds(scenario, MigrationPhase.Failed, Reason.FileMissing, "True NotCommitted");
  }

  @Test
  void aProcessThatEndsWhileItIsFrozenIsNeitherRolledBackNorIntact() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring).step();
    scenario.failed(TaskRole.Source, TaskPhase.Failed, Reason.ProcessExited);
    scenario.report(TaskRole.Source).setSourceIntact(false);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.TransferInterrupted);
    assertEnds(scenario, MigrationPhase.Failed, Reason.ProcessExited, "False ProcessExited");
  }

  @Test
  void deadlineStopsAnAttemptAndIsTheReason() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Transferring, TaskPhase.Restoring).step();
    scenario.pass(Duration.ofMinutes(10));
    assertEquals(
        Reason.DeadlineExceeded, assertInstanceOf(Cancel.class, scenario.step()).cause().reason());
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.CanceledByUser);
    scenario.failed(TaskRole.Target, TaskPhase.Canceled, Reason.CanceledByUser);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.DeadlineExceeded, "True NotCommitted");
  }

  @Test
  void deadlineAfterTheFreezeIsARollbackThoughTheAgentsSayCanceled() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring).step();
    scenario.pass(Duration.ofMinutes(10)).step();
    scenario.failed(TaskRole.Source, TaskPhase.Canceled, Reason.CanceledByUser);
    scenario.failed(TaskRole.Target, TaskPhase.Canceled, Reason.CanceledByUser);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.DeadlineExceeded, "True NotCommitted");
  }

  @Test
  void deadlineAfterCommitChangesNothing() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Draining, TaskPhase.Draining).step();
    scenario.pass(Duration.ofHours(1));
    assertEquals(Reason.Draining, waiting(scenario.step()).reason());
  }

  @Test
  void deadlineWhileWaitingForASlotFails() {
    Scenario scenario = new Scenario().busy(Scenario.TARGET, 2);
    scenario.step();
    assertEquals(Reason.WaitingForSlot, waiting(scenario.step()).reason());
    scenario.pass(Duration.ofMinutes(10));
    assertEnds(scenario, MigrationPhase.Failed, Reason.DeadlineExceeded, "True NotCommitted");
  }

  @Test
  void nodesThatDoNotExistAreRefused() {
    Scenario scenario = new Scenario();
    scenario.nodes.remove(Scenario.TARGET);
    scenario.step();
    assertEnds(scenario, MigrationPhase.Failed, Reason.WrongNode, "True NotCommitted");
    assertEquals("False WrongNode", scenario.condition(Api.PREFLIGHTED));
  }

  @Test
  void retriableFailureIsRetriedUpToTheLimit() {
    Scenario scenario = Scenario.ordered();
    scenario.spec().setRetry(new RetryPolicy(1));
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.TransferInterrupted);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.TransferInterrupted);
    Retry retry = assertInstanceOf(Retry.class, scenario.step());
    assertEquals(Scenario.START.plusSeconds(5), retry.at());
    assertEquals(MigrationPhase.Pending, scenario.status().getPhase());
    assertEquals(Reason.TransferInterrupted, scenario.status().getFailure().reason());
    assertEquals(Reason.Retrying, waiting(scenario.step()).reason());

    scenario.pass(Duration.ofSeconds(5));
    assertEquals(2, assertInstanceOf(StartAttempt.class, scenario.step()).attempt());
    assertEquals(2, scenario.status().getAttempt());
    assertEquals("move-2-source", scenario.status().getSource().taskName());
    assertEquals(null, scenario.status().getFailure());
    assertInstanceOf(Wait.class, scenario.step());

    scenario.preflighted().step();
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.WatchdogExpired);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.TransferInterrupted);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.WatchdogExpired, "True NotCommitted");
  }

  @Test
  void permanentFailureIsNotRetried() {
    Scenario scenario = Scenario.started();
    scenario.spec().setRetry(new RetryPolicy(3));
    scenario.failed(TaskRole.Source, TaskPhase.Failed, Reason.ProcessNotFound);
    assertInstanceOf(Cancel.class, scenario.step());
    scenario.failed(TaskRole.Target, TaskPhase.Canceled, Reason.CanceledByUser);
    assertEnds(scenario, MigrationPhase.Failed, Reason.ProcessNotFound, "True NotCommitted");
  }

  @Test
  void agentThatIsLostBeforeTheOrderFailsEarly() {
    Scenario scenario = Scenario.started().lose(Scenario.SOURCE);
    assertEquals(
        Reason.AgentLost, assertInstanceOf(Cancel.class, scenario.step()).cause().reason());
    scenario.report(TaskRole.Target).setPhase(TaskPhase.Canceled);
    assertEnds(scenario, MigrationPhase.Failed, Reason.AgentLost, "True NotCommitted");
  }

  @ParameterizedTest
  @EnumSource(
      value = TaskPhase.class,
      names = {"PreparingTarget", "Transferring", "Frozen"})
  void sourceThatIsLostAfterTheOrderIsWaitedFor(TaskPhase phase) {
    Scenario scenario = Scenario.ordered();
    scenario.phases(phase, TaskPhase.Restoring).step();
    scenario.lose(Scenario.SOURCE);
    assertEquals(Reason.AgentLost, waiting(scenario.step()).reason());
    assertEquals("Unknown AgentLost", scenario.condition(Api.SOURCE_INTACT));
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.TransferInterrupted);
    scenario.step();
    assertEquals(Reason.AgentLost, waiting(scenario.step()).reason());
    scenario.pass(Duration.ZERO);
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.AgentRestarted);
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.AgentRestarted, "True NotCommitted");
  }

  @Test
  void wordOfTheSourceIsEnoughWhenTheTargetIsLost() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Frozen, TaskPhase.Restoring).step();
    scenario.lose(Scenario.TARGET);
    assertEquals(Reason.AgentLost, waiting(scenario.step()).reason());
    scenario.failed(TaskRole.Source, TaskPhase.RolledBack, Reason.TargetNodeLost);
    assertInstanceOf(Cancel.class, scenario.step());
    assertEnds(scenario, MigrationPhase.RolledBack, Reason.TargetNodeLost, "True NotCommitted");
  }

  @Test
  void targetThatIsLostAfterCommitIsWaitedFor() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Draining, TaskPhase.Restoring).step();
    scenario.lose(Scenario.TARGET);
    assertEquals(Reason.AgentLost, waiting(scenario.step()).reason());
    assertEquals(MigrationPhase.Draining, scenario.status().getPhase());
    assertEquals("False Committed", scenario.condition(Api.SOURCE_INTACT));
  }

  @Test
  void sourceThatIsLostAfterTheTargetSucceededIsNotWaitedFor() {
    Scenario scenario = Scenario.ordered();
    scenario.phases(TaskPhase.Draining, TaskPhase.Succeeded).step();
    assertEquals(MigrationPhase.Draining, scenario.status().getPhase());
    scenario.lose(Scenario.SOURCE);
    assertEquals(MigrationPhase.Succeeded, finish(scenario.step()).outcome());
  }

  @Test
  void taskThatWasDeletedByForceEndsTheMigration() {
    Scenario scenario = Scenario.ordered();
    scenario.removeTask(TaskRole.Source);
    assertInstanceOf(Cancel.class, scenario.step());
    scenario.report(TaskRole.Target).setPhase(TaskPhase.Canceled);
    finish(scenario.step());
    assertEquals(MigrationPhase.Failed, scenario.status().getPhase());
    assertEquals("Unknown AgentLost", scenario.condition(Api.SOURCE_INTACT));
  }

  @Test
  void taskThatWasNotCreatedYetIsCreatedWithItsAttempt() {
    Scenario scenario = new Scenario();
    scenario.step();
    ProcessMigrationStatus before = scenario.status();
    scenario.step();
    scenario.migration.setStatus(before);
    scenario.removeTask(TaskRole.Target);
    assertEquals(1, assertInstanceOf(StartAttempt.class, scenario.decide()).attempt());
  }

  @Test
  void measuredDowntimeIsComparedWithTheBudget() {
    Scenario scenario = Scenario.ordered();
    scenario.spec().setDowntimeBudget("200ms");
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded);
    scenario
        .report(TaskRole.Source)
        .setTimings(new Timings("3ms", "80ms", "140ms", "154.2ms", null, "400ms"));
    scenario
        .report(TaskRole.Target)
        .setTimings(new Timings(null, null, null, "999ms", "7ms", null));
    scenario.step();
    assertEquals("True WithinBudget", scenario.condition(Api.DOWNTIME_WITHIN_BUDGET));
    assertEquals("154.2ms", scenario.status().getTimings().downtime());
    assertEquals("7ms", scenario.status().getTimings().drain());
  }

  @Test
  void exceededBudgetIsToldButFailsNothing() {
    Scenario scenario = Scenario.ordered();
    scenario.spec().setDowntimeBudget("100ms");
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded);
    scenario
        .report(TaskRole.Source)
        .setTimings(new Timings(null, null, null, "154.2ms", null, null));
    scenario.step();
    assertEquals("False BudgetExceeded", scenario.condition(Api.DOWNTIME_WITHIN_BUDGET));
    assertEquals("True Succeeded", scenario.condition(Api.READY));
  }

  @Test
  void finishedMigrationIsDeletedAfterItsTimeToLive() {
    Scenario scenario = Scenario.ordered();
    scenario.spec().setTtlAfterFinished("1h");
    scenario.phases(TaskPhase.Succeeded, TaskPhase.Succeeded).step();
    Rest rest = assertInstanceOf(Rest.class, scenario.decide());
    assertEquals(Scenario.START.plusSeconds(3600), rest.recheck().orElseThrow());
    assertInstanceOf(Delete.class, scenario.pass(Duration.ofHours(1)).decide());
  }

  @Test
  void targetIsChosenAgainForEveryAttempt() {
    Scenario scenario = Scenario.ordered();
    scenario.spec().setRetry(new RetryPolicy(1));
    scenario.spec().setTarget(new MigrationTarget(null, Map.of()));
    scenario.addNode("node-c");
    scenario.busy(Scenario.TARGET, 1);
    scenario.failed(TaskRole.Source, TaskPhase.Failed, Reason.TransferInterrupted);
    scenario.failed(TaskRole.Target, TaskPhase.Failed, Reason.TransferInterrupted);
    scenario.step();
    scenario.pass(Duration.ofSeconds(5)).step();
    assertEquals("node-c", scenario.status().getTarget().nodeName());
    assertEquals(
        List.of("node-a", "node-b", "node-a", "node-c"),
        scenario.tasks().stream().map(task -> task.getSpec().getNodeName()).toList());
  }
}
