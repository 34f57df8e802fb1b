// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.task.StatusSink.Urgency;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.TargetReport;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TokenState;
import java.time.Duration;
import java.util.List;

/** The target's side of one attempt: the source asks for everything, the task allows it. */
final class TargetTask extends OpenTask {
  private final Surroundings around;
  private boolean inSession;

  TargetTask(MigrationTask task, TaskBoard board, Surroundings around) {
    super(task, board);
    this.around = around;
  }

  @Override
  void begin() {
    if (around.sessions().knows(token)) {
      inSession = true;
      around.sessions().replay(ref, token);
      return;
    }
    if (canceled()) {
      ordered();
      return;
    }
    enter(TaskPhase.Preflight);
  }

  @Override
  void ordered() {
    if (isOver() || !canceled()) {
      return;
    }
    Cause cause =
        new Cause(
            Reason.CanceledByUser,
            Component.TargetAgent,
            phase().name(),
            "canceled on request before the commit; nothing ran on node " + ref.node());
    if (inSession) {
      around.sessions().giveUp(token, cause);
    } else {
      end(TaskPhase.Canceled, cause);
    }
  }

  @Override
  void stop(Cause cause) {
    if (inSession) {
      around.sessions().giveUp(token, cause);
    } else if (!isOver()) {
      end(TaskPhase.Failed, cause);
    }
  }

  /** The source has asked and this node was looked at. */
  void preflighted(List<Obstacle> found, Duration took) {
    if (isOver() || inSession) {
      return;
    }
    setPreflighted(found, took);
    if (!found.isEmpty()) {
      end(TaskPhase.Failed, obstructed(found, Component.TargetAgent));
    } else if (dryRun()) {
      end(TaskPhase.Succeeded, null);
    } else {
      publish(Urgency.NOW);
    }
  }

  @Override
  void reported(TargetReport report) {
    inSession = true;
    setState(
        switch (report.state()) {
          case LISTENING, CONNECTED, LOADING, REBUILT -> TokenState.Prepared;
          case READY, RESUMING -> TokenState.Ready;
          case RUNNING -> TokenState.Committed;
          case FINISHED -> TokenState.Finished;
          case ABORTED -> TokenState.Aborted;
          case ABORTING -> TokenState.Prepared;
        });
    setProgress(report.bytesTotal(), report.bytesDone());
    switch (report.state()) {
      case LISTENING, CONNECTED -> enter(TaskPhase.PreparingTarget);
      case LOADING -> pass(TaskPhase.Transferring);
      case REBUILT, READY -> pass(TaskPhase.Restoring);
      case RESUMING -> pass(TaskPhase.Committed);
      case RUNNING -> {
        setRestartedPid(report.pid());
        enter(TaskPhase.Draining);
      }
      case ABORTING -> publish(Urgency.NOW);
      case FINISHED -> {
        setRestartedPid(report.pid());
        end(TaskPhase.Succeeded, null);
      }
      case ABORTED -> {
        boolean onRequest =
            report.cause() != null && report.cause().reason() == Reason.CanceledByUser;
        end(onRequest ? TaskPhase.Canceled : TaskPhase.Failed, report.cause());
      }
    }
  }
}
