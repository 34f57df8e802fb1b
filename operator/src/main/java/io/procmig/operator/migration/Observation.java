// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationSpec;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.operator.placement.NodeView;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Everything that is known about one migration at one moment. Nothing in here changes, and nothing
 * else may influence a decision.
 *
 * @param tasks all tasks of the migration, of every attempt
 * @param nodes all nodes by name, judged at {@code now}
 * @param now the moment
 */
record Observation(
    ProcessMigration migration,
    List<MigrationTask> tasks,
    Map<String, NodeView> nodes,
    Instant now) {

  ProcessMigrationSpec spec() {
    return migration.getSpec();
  }

  /** The status as it was written last; empty, never null. */
  ProcessMigrationStatus status() {
    return Objects.requireNonNullElseGet(migration.getStatus(), ProcessMigrationStatus::new);
  }

  boolean deleted() {
    return migration.isMarkedForDeletion();
  }

  boolean finished() {
    return status().getCompletionTime() != null;
  }

  boolean cancelRequested() {
    return deleted() || Boolean.TRUE.equals(spec().getCancel());
  }

  boolean dryRun() {
    return Boolean.TRUE.equals(spec().getDryRun());
  }

  boolean suspended() {
    return Boolean.TRUE.equals(spec().getSuspend());
  }

  /** Whether the deadline has passed. */
  boolean late() {
    return status().getDeadlineTime() != null
        && !now.isBefore(Instant.parse(status().getDeadlineTime()));
  }

  /** When the next attempt may start, if one has been scheduled. */
  Optional<Instant> retryTime() {
    return Optional.ofNullable(status().getRetryTime()).map(Instant::parse);
  }

  /**
   * Number of the attempt that is under way or due: the recorded one, or the next one if that has
   * been given up.
   */
  int attempt() {
    int recorded = Objects.requireNonNullElse(status().getAttempt(), 1);
    return retryTime().isPresent() ? recorded + 1 : recorded;
  }

  /** Whether both tasks of {@link #attempt()} are known to have been created. */
  boolean started() {
    return status().getAttempt() != null && retryTime().isEmpty();
  }

  Optional<Side> source() {
    return side(TaskRole.Source);
  }

  Optional<Side> target() {
    return side(TaskRole.Target);
  }

  /** The sides of {@link #attempt()} that exist. */
  List<Side> sides() {
    return Stream.of(source(), target()).flatMap(Optional::stream).toList();
  }

  private Optional<Side> side(TaskRole role) {
    return tasks.stream()
        .filter(task -> task.getSpec().getRole() == role)
        .filter(task -> task.getSpec().getAttempt() == attempt())
        .findFirst()
        .map(this::side);
  }

  private Side side(MigrationTask task) {
    MigrationTaskSpec spec = task.getSpec();
    NodeView node = nodes.get(spec.getNodeName());
    return new Side(task, node == null || node.lost(), node == null ? "never" : node.lastSeen());
  }
}
