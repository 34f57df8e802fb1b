// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.Condition;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TokenState;
import java.util.Objects;
import java.util.Optional;

/**
 * One side of the current attempt: its task and whether anyone carries it out.
 *
 * @param lost whether the node's agent has not been heard of for too long
 * @param lastSeen when it was heard of last, for messages
 */
record Side(MigrationTask task, boolean lost, String lastSeen) {
  /** The agent's report; empty, never null. */
  MigrationTaskStatus status() {
    return Objects.requireNonNullElseGet(task.getStatus(), MigrationTaskStatus::new);
  }

  String name() {
    return task.getMetadata().getName();
  }

  String nodeName() {
    return task.getSpec().getNodeName();
  }

  /** Who speaks for this side. */
  Component component() {
    return switch (task.getSpec().getRole()) {
      case Source -> Component.SourceAgent;
      case Target -> Component.TargetAgent;
    };
  }

  TaskPhase phase() {
    return Objects.requireNonNullElse(status().getPhase(), TaskPhase.Pending);
  }

  boolean canceled() {
    return Boolean.TRUE.equals(task.getSpec().getCancel());
  }

  boolean ordered() {
    return Boolean.TRUE.equals(task.getSpec().getProceed());
  }

  /** Whether this side has nothing more to do. */
  boolean over() {
    return switch (phase()) {
      case Succeeded, Failed, Canceled, RolledBack -> true;
      case Pending,
          Resolving,
          Preflight,
          PreparingTarget,
          Transferring,
          Frozen,
          Restoring,
          Committed,
          Draining ->
          false;
    };
  }

  /** Whether this side says that the process belongs to the target. */
  boolean committed() {
    if (status().getState() == TokenState.Committed) {
      return true;
    }
    return switch (phase()) {
      case Committed, Draining -> true;
      case Succeeded -> !Boolean.TRUE.equals(task.getSpec().getDryRun());
      case Pending,
          Resolving,
          Preflight,
          PreparingTarget,
          Transferring,
          Frozen,
          Restoring,
          Failed,
          Canceled,
          RolledBack ->
          false;
    };
  }

  /** Whether this side, the source, says that the process ended without having been moved. */
  boolean processGone() {
    return over() && !committed() && Boolean.FALSE.equals(status().getSourceIntact());
  }

  /** The verdict of this side's preflight; empty while there is none. */
  Optional<Boolean> preflighted() {
    if (!status().getObstacles().isEmpty()) {
      return Optional.of(false);
    }
    return status().getConditions().stream()
        .filter(condition -> condition.getType().equals(Api.PREFLIGHTED))
        .map(Condition::getStatus)
        .filter(verdict -> !verdict.equals("Unknown"))
        .map(verdict -> verdict.equals("True"))
        .findFirst();
  }
}
