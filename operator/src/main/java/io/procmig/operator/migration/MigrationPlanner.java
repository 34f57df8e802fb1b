// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.GoDuration;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
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
import io.procmig.operator.placement.PlacementResult;
import io.procmig.operator.placement.PlacementResult.Busy;
import io.procmig.operator.placement.PlacementResult.Placed;
import io.procmig.operator.placement.PlacementResult.Refused;
import io.procmig.operator.placement.TargetChoice;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Decides what to do about a migration: a pure function of what was observed.
 *
 * <p>Two rules keep it from ever declaring a winner itself. Until {@code proceed} has been ordered
 * no agent may touch the process, so an attempt can be given up early, whoever is lost. Afterwards
 * only the agents' reports of the token's durable state count, and a lost agent is waited for.
 */
final class MigrationPlanner {
  private static final Set<Reason> OFTEN_CONSEQUENCES =
      EnumSet.of(Reason.TransferInterrupted, Reason.PeerUnreachable, Reason.InternalError);

  private final Duration retryDelay;
  private final Duration recheckInterval;

  /**
   * Makes a planner.
   *
   * @param retryDelay pause before the second attempt; doubles with every further one
   * @param recheckInterval how often to look whether an agent was lost
   */
  MigrationPlanner(Duration retryDelay, Duration recheckInterval) {
    this.retryDelay = retryDelay;
    this.recheckInterval = recheckInterval;
  }

  /** What to do now. */
  Decision decide(Observation seen) {
    if (seen.finished()) {
      return decideFinished(seen);
    }
    if (seen.deleted() && seen.sides().isEmpty()) {
      return new Release();
    }
    if (seen.status().getStartTime() == null) {
      return new Accept(seen.now().plus(GoDuration.parse(seen.spec().getDeadline())));
    }
    Optional<Side> source = seen.source();
    Optional<Side> target = seen.target();
    if (source.isPresent() && target.isPresent()) {
      return decideUnderWay(seen, source.get(), target.get());
    }
    if (seen.started()) {
      return decideTaskLost(seen);
    }
    return decideNotStarted(seen);
  }

  private static Decision decideFinished(Observation seen) {
    if (seen.deleted()) {
      return new Release();
    }
    String ttl = seen.spec().getTtlAfterFinished();
    if (ttl == null) {
      return new Rest(Optional.empty());
    }
    Instant end = Instant.parse(seen.status().getCompletionTime()).plus(GoDuration.parse(ttl));
    return seen.now().isBefore(end) ? new Rest(Optional.of(end)) : new Delete();
  }

  private Decision decideNotStarted(Observation seen) {
    if (seen.cancelRequested()) {
      return canceled("Canceled before an attempt was started; the process was not touched.");
    }
    if (seen.late()) {
      return endOfAttempt(seen, late(seen), MigrationPhase.Failed);
    }
    Optional<Instant> deadline = Optional.of(Instant.parse(seen.status().getDeadlineTime()));
    if (seen.suspended()) {
      return new Wait(Reason.Suspended, "Suspended: set spec.suspend to false to start.", deadline);
    }
    Optional<Instant> retry = seen.retryTime().filter(seen.now()::isBefore);
    if (retry.isPresent()) {
      return new Wait(
          Reason.Retrying, "Attempt " + seen.attempt() + " starts " + retry.get() + ".", retry);
    }
    PlacementResult placement =
        TargetChoice.choose(
            seen.spec().getSource().nodeName(), seen.spec().getTarget(), seen.nodes());
    if (placement instanceof Refused refused) {
      return endOfAttempt(
          seen, failure(refused.reason(), "Placement", refused.message()), MigrationPhase.Failed);
    } else if (placement instanceof Busy busy) {
      return new Wait(Reason.WaitingForSlot, busy.message(), deadline);
    }
    return new StartAttempt(seen.attempt(), (Placed) placement);
  }

  private Decision decideTaskLost(Observation seen) {
    List<Side> left = seen.sides();
    Failure failure =
        failure(
            Reason.InternalError,
            "Watch",
            "A task of attempt "
                + seen.attempt()
                + " was deleted by force. Which copy is the process must be looked up on nodes "
                + seen.status().getSource().nodeName()
                + " and "
                + seen.status().getTarget().nodeName()
                + " with procmig's agents.");
    if (left.stream().anyMatch(side -> !side.over() && !side.canceled())) {
      return new Cancel(failure);
    }
    if (left.stream().allMatch(Side::over)) {
      return new Finish(
          MigrationPhase.Failed, Optional.of(failure), failure.reason(), failure.message());
    }
    return new Wait(Reason.Canceling, failure.message(), recheck(seen));
  }

  private Decision decideUnderWay(Observation seen, Side source, Side target) {
    if (seen.dryRun() && source.phase() == TaskPhase.Succeeded) {
      return decideDryRunPassedOnSource(seen, target);
    }
    if (source.committed() || target.committed()) {
      return decideCommitted(seen, source, target);
    }
    if (source.over() && target.over()) {
      return endOfAttempt(seen, source, target);
    }
    if (source.over() || target.over()) {
      return decideHalfOver(seen, source.over() ? source : target, source.over() ? target : source);
    }
    Optional<Failure> cause = causeToStop(seen, source, target);
    if (cause.isPresent()) {
      if (!source.canceled() || !target.canceled()) {
        return new Cancel(cause.get());
      }
      return decideCanceling(seen, source, target);
    }
    if (source.canceled() || target.canceled()) {
      return decideCanceling(seen, source, target);
    }
    Optional<Side> lost = Stream.of(source, target).filter(Side::lost).findFirst();
    if (lost.isPresent()) {
      // Proceed was ordered, or causeToStop() had stopped it: only the agents can tell.
      return new Wait(Reason.AgentLost, lostMessage(lost.get()), recheck(seen));
    }
    boolean passed = both(source, target, true);
    if (passed && !seen.dryRun() && !(source.ordered() && target.ordered())) {
      return new Proceed();
    }
    return new Wait(
        PhaseReport.reason(PhaseReport.event(source, target)),
        PhaseReport.message(source, target),
        recheck(seen));
  }

  private Decision decideDryRunPassedOnSource(Observation seen, Side target) {
    if (target.phase() == TaskPhase.Succeeded || target.preflighted().equals(Optional.of(true))) {
      return new Finish(
          MigrationPhase.Succeeded,
          Optional.empty(),
          Reason.DryRunPassed,
          "Nothing keeps the process from being migrated to node " + target.nodeName() + ".");
    }
    if (target.over() || target.lost()) {
      return endOfAttempt(seen, seen.source().orElseThrow(), target);
    }
    return new Wait(
        Reason.Preflight,
        "Waiting for the verdict of node " + target.nodeName() + ".",
        recheck(seen));
  }

  private Decision decideCommitted(Observation seen, Side source, Side target) {
    String where = "The process runs on node " + target.nodeName();
    if (target.phase() == TaskPhase.Succeeded && source.phase() == TaskPhase.Succeeded) {
      return new Finish(MigrationPhase.Succeeded, Optional.empty(), Reason.Succeeded, where + ".");
    }
    if (target.phase() == TaskPhase.Succeeded && (source.lost() || source.over())) {
      return new Finish(
          MigrationPhase.Succeeded,
          Optional.empty(),
          Reason.Succeeded,
          where
              + ". The frozen copy on node "
              + source.nodeName()
              + " is freed when its agent returns.");
    }
    // The target may have failed before the process ran there; then the source can still take the
    // commit back and says so by rolling back, which is no commit any more.
    if (target.over() && target.phase() != TaskPhase.Succeeded && source.over()) {
      Failure failure = reported(target);
      return new Finish(
          MigrationPhase.Failed, Optional.of(failure), failure.reason(), failure.message());
    }
    Optional<Side> silent =
        Stream.of(target, source).filter(side -> side.lost() && !side.over()).findFirst();
    if (silent.isPresent()) {
      return new Wait(Reason.AgentLost, lostMessage(silent.get()), recheck(seen));
    }
    return new Wait(
        Reason.Draining,
        where + "; node " + source.nodeName() + " is being cleaned up.",
        recheck(seen));
  }

  /** One side is over without commit; the other one has to come to an end, too. */
  private Decision decideHalfOver(Observation seen, Side over, Side open) {
    if (awaitsVerdict(seen, over, open)) {
      return new Wait(
          Reason.Preflight,
          "Node " + over.nodeName() + " found obstacles; waiting for node " + open.nodeName() + ".",
          recheck(seen));
    }
    if (!open.canceled()) {
      return new Cancel(reported(over));
    }
    if (open.lost() && !open.ordered()) {
      return endOfAttempt(seen, seen.source().orElseThrow(), seen.target().orElseThrow());
    }
    // Whoever lost its peer before commit undoes its part; the source's word decides.
    if (open.lost() && over.task().getSpec().getRole() == TaskRole.Source) {
      return endOfAttempt(seen, over, open);
    }
    return open.lost()
        ? new Wait(Reason.AgentLost, lostMessage(open), recheck(seen))
        : new Wait(
            Reason.Canceling,
            "Waiting for node " + open.nodeName() + " to stop the attempt.",
            recheck(seen));
  }

  /**
   * Whether the source, which has asked the target, is about to tell its own obstacles and to end
   * by itself: people want to know all of them at once. A target that was not asked has nothing to
   * tell.
   */
  private static boolean awaitsVerdict(Observation seen, Side over, Side open) {
    return over.task().getSpec().getRole() == TaskRole.Target
        && over.preflighted().equals(Optional.of(false))
        && open.preflighted().isEmpty()
        && !open.canceled()
        && !open.lost()
        && !seen.cancelRequested()
        && !seen.late();
  }

  private Decision decideCanceling(Observation seen, Side source, Side target) {
    boolean untouched = !source.ordered() && !target.ordered();
    boolean settled = Stream.of(source, target).allMatch(side -> side.over() || side.lost());
    if (untouched && settled) {
      return endOfAttempt(seen, source, target);
    }
    Optional<Side> lost = Stream.of(source, target).filter(Side::lost).findFirst();
    return lost.isPresent()
        ? new Wait(Reason.AgentLost, lostMessage(lost.get()), recheck(seen))
        : new Wait(Reason.Canceling, "Waiting for the agents to stop the attempt.", recheck(seen));
  }

  private Optional<Failure> causeToStop(Observation seen, Side source, Side target) {
    if (seen.cancelRequested()) {
      return Optional.of(
          failure(
              Reason.CanceledByUser,
              "Cancel",
              seen.deleted() ? "The ProcessMigration was deleted." : "spec.cancel was set."));
    }
    if (seen.late()) {
      return Optional.of(late(seen));
    }
    boolean ordered = source.ordered() || target.ordered();
    if (!ordered) {
      Optional<Side> lost = Stream.of(source, target).filter(Side::lost).findFirst();
      if (lost.isPresent()) {
        return Optional.of(failure(Reason.AgentLost, "Preflight", lostMessage(lost.get())));
      }
    }
    boolean complete = source.preflighted().isPresent() && target.preflighted().isPresent();
    if (complete && !both(source, target, true)) {
      return Optional.of(obstructed(source, target));
    }
    return Optional.empty();
  }

  private Decision endOfAttempt(Observation seen, Side source, Side target) {
    MigrationPhase phase =
        wasFrozen(seen, source) ? MigrationPhase.RolledBack : MigrationPhase.Failed;
    if (seen.cancelRequested() && seen.status().getPhase() != MigrationPhase.Draining) {
      return canceled("Canceled; the process runs on node " + source.nodeName() + ".");
    }
    // What made the operator cancel is on record; otherwise the agents say what happened.
    Failure failure =
        Objects.requireNonNullElseGet(seen.status().getFailure(), () -> cause(source, target));
    return endOfAttempt(seen, failure, phase);
  }

  /** A source that was told to stop says only that it did; what was seen before tells the rest. */
  private static boolean wasFrozen(Observation seen, Side source) {
    if (source.phase() == TaskPhase.RolledBack) {
      return true;
    }
    // Nothing was thawed.
    if (source.processGone()) {
      return false;
    }
    return switch (Objects.requireNonNullElse(seen.status().getPhase(), MigrationPhase.Pending)) {
      case Frozen, Restoring, Draining -> true;
      case Pending,
          Preflight,
          PreparingTarget,
          Transferring,
          Succeeded,
          Failed,
          Canceled,
          RolledBack ->
          false;
    };
  }

  private Decision endOfAttempt(Observation seen, Failure failure, MigrationPhase phase) {
    int limit = seen.spec().getRetry() == null ? 0 : seen.spec().getRetry().limit();
    Instant at = seen.now().plus(retryDelay.multipliedBy(1L << Math.min(seen.attempt() - 1, 10)));
    boolean inTime = at.isBefore(Instant.parse(seen.status().getDeadlineTime()));
    if (Boolean.TRUE.equals(failure.retriable()) && seen.attempt() <= limit && inTime) {
      return new Retry(failure, at);
    }
    return new Finish(phase, Optional.of(failure), failure.reason(), failure.message());
  }

  private static Decision canceled(String message) {
    return new Finish(
        MigrationPhase.Canceled,
        Optional.of(failure(Reason.CanceledByUser, "Cancel", message)),
        Reason.CanceledByUser,
        message);
  }

  /** What an attempt failed of: the first report that is not merely the other one's consequence. */
  private static Failure cause(Side source, Side target) {
    if (!source.status().getObstacles().isEmpty() || !target.status().getObstacles().isEmpty()) {
      return obstructed(source, target);
    }
    return Stream.of(reported(source), reported(target))
        .min(Comparator.comparingInt(MigrationPlanner::consequence))
        .orElseThrow();
  }

  /** 0: failed by itself; 1: perhaps because the other side did; 2: because it was told to stop. */
  private static int consequence(Failure failure) {
    if (failure.reason() == Reason.CanceledByUser) {
      return 2;
    }
    return OFTEN_CONSEQUENCES.contains(failure.reason()) ? 1 : 0;
  }

  private static Failure reported(Side side) {
    return Objects.requireNonNullElseGet(
        side.status().getFailure(),
        () ->
            new Failure(
                Reason.InternalError,
                side.component(),
                side.phase().name(),
                "Task "
                    + side.name()
                    + " ended as "
                    + side.phase()
                    + " without saying why. See the log of the agent on node "
                    + side.nodeName()
                    + ".",
                false));
  }

  private static Failure obstructed(Side source, Side target) {
    List<Obstacle> obstacles =
        Stream.concat(
                source.status().getObstacles().stream(), target.status().getObstacles().stream())
            .toList();
    if (obstacles.isEmpty()) {
      return new Failure(
          Reason.ObstaclesFound,
          Component.Operator,
          "Preflight",
          "The preflight failed without naming an obstacle. See the logs of the agents.",
          false);
    }
    Obstacle first = obstacles.get(0);
    String more =
        obstacles.size() == 1
            ? ""
            : " (and " + (obstacles.size() - 1) + " more: see status.obstacles)";
    return new Failure(
        first.code(),
        source.status().getObstacles().isEmpty() ? Component.TargetAgent : Component.SourceAgent,
        "Preflight",
        first.message() + more,
        obstacles.stream().allMatch(obstacle -> obstacle.code().retriable()));
  }

  private static boolean both(Side source, Side target, boolean verdict) {
    return Stream.of(source, target)
        .allMatch(side -> side.preflighted().equals(Optional.of(verdict)));
  }

  private static Failure late(Observation seen) {
    return failure(
        Reason.DeadlineExceeded,
        "Deadline",
        "The migration was not committed by "
            + seen.status().getDeadlineTime()
            + ", which is "
            + seen.spec().getDeadline()
            + " after it was accepted. Give a new ProcessMigration a longer spec.deadline.");
  }

  private static Failure failure(Reason reason, String step, String message) {
    return new Failure(reason, Component.Operator, step, message, reason.retriable());
  }

  private static String lostMessage(Side side) {
    return "The agent on node "
        + side.nodeName()
        + " was last seen "
        + side.lastSeen()
        + "; task "
        + side.name()
        + " was in phase "
        + side.phase()
        + ". See kubectl describe mnode "
        + side.nodeName()
        + ".";
  }

  /** Lost agents make no event, so look again; the deadline is one more reason to. */
  private Optional<Instant> recheck(Observation seen) {
    Instant next = seen.now().plus(recheckInterval);
    Instant deadline = Instant.parse(seen.status().getDeadlineTime());
    return Optional.of(deadline.isAfter(seen.now()) && deadline.isBefore(next) ? deadline : next);
  }
}
