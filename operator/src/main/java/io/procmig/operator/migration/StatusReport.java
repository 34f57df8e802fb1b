// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.Condition;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.GoDuration;
import io.procmig.api.v1alpha1.MigrationEnd;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.MigrationSource;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Placement;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Progress;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.ResolvedProcess;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.api.v1alpha1.Timings;
import io.procmig.operator.condition.ConditionList;
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
import io.procmig.operator.migration.PhaseTable.Event;
import io.procmig.operator.placement.PlacementResult.Placed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Builds the status of a migration from what was observed and decided; a pure function. */
final class StatusReport {
  private final Observation seen;
  private final ProcessMigrationStatus before;
  private final ProcessMigrationStatus status = new ProcessMigrationStatus();
  private final Optional<MigrationTaskStatus> source;
  private final Optional<MigrationTaskStatus> target;

  private StatusReport(Observation seen) {
    this.seen = seen;
    this.before = seen.status();
    this.source = seen.source().map(Side::status);
    this.target = seen.target().map(Side::status);
  }

  /** What a decision says about a migration: its phase's next event, a reason and a message. */
  private record Verdict(Event event, Reason reason, String message) {}

  /**
   * The status after a decision was carried out.
   *
   * @return empty if the decision leaves nothing to report
   */
  static Optional<ProcessMigrationStatus> of(Observation seen, Decision decision) {
    if (decision instanceof Release || decision instanceof Delete || decision instanceof Rest) {
      return Optional.empty();
    }
    return Optional.of(new StatusReport(seen).build(decision));
  }

  private ProcessMigrationStatus build(Decision decision) {
    status.setObservedGeneration(seen.migration().getMetadata().getGeneration());
    status.setStartTime(before.getStartTime());
    status.setDeadlineTime(before.getDeadlineTime());
    status.setRetryTime(before.getRetryTime());
    status.setAttempt(before.getAttempt());
    status.setFailure(before.getFailure());
    status.setPlacement(before.getPlacement());
    status.setMode(seen.spec().getMode());
    Verdict verdict = apply(decision);
    MigrationPhase phase = Objects.requireNonNullElse(before.getPhase(), MigrationPhase.Pending);
    status.setPhase(PhaseTable.next(phase, verdict.event()));
    status.setProcess(source.map(MigrationTaskStatus::getProcess).orElse(before.getProcess()));
    status.setProcesses(
        source.map(MigrationTaskStatus::getProcesses).orElse(before.getProcesses()));
    status.setThreads(source.map(MigrationTaskStatus::getThreads).orElse(before.getThreads()));
    status.setSource(source(decision));
    status.setTarget(target(decision));
    status.setProgress(progress());
    status.setTimings(timings());
    status.setObstacles(obstacles());
    status.setConditions(conditions(verdict));
    return status;
  }

  /** Writes down what the decision itself changes. */
  private Verdict apply(Decision decision) {
    if (decision instanceof Accept accept) {
      status.setStartTime(seen.now().toString());
      status.setDeadlineTime(accept.deadline().toString());
      return new Verdict(
          Event.ACCEPTED,
          Reason.Accepted,
          "Accepted; to be committed by " + accept.deadline() + ".");
    } else if (decision instanceof Wait wait) {
      return new Verdict(current(), wait.reason(), wait.message());
    } else if (decision instanceof StartAttempt start) {
      Placed placed = start.placement();
      status.setAttempt(start.attempt());
      status.setRetryTime(null);
      status.setFailure(null);
      status.setPlacement(
          new Placement(placed.target().name(), placed.candidates(), placed.message()));
      return new Verdict(
          Event.PREFLIGHT,
          Reason.Preflight,
          "Attempt "
              + start.attempt()
              + ": looking for obstacles on nodes "
              + placed.source().name()
              + " and "
              + placed.target().name()
              + ".");
    } else if (decision instanceof Proceed) {
      return new Verdict(
          current(), Reason.NoObstacles, "No obstacle was found on either node; starting.");
    } else if (decision instanceof Cancel cancel) {
      // Agents report their own failures; the operator's causes would be lost without this.
      if (cancel.cause().component() == Component.Operator) {
        status.setFailure(cancel.cause());
      }
      return new Verdict(current(), Reason.Canceling, cancel.cause().message());
    } else if (decision instanceof Retry retry) {
      status.setRetryTime(retry.at().toString());
      status.setAttempt(seen.attempt());
      status.setFailure(retry.failure());
      return new Verdict(
          Event.ATTEMPT_GIVEN_UP,
          Reason.Retrying,
          "Attempt "
              + seen.attempt()
              + " failed: "
              + retry.failure().message()
              + " The next one starts "
              + retry.at()
              + ".");
    } else if (decision instanceof Finish finish) {
      status.setCompletionTime(seen.now().toString());
      status.setRetryTime(null);
      status.setFailure(finish.failure().orElse(null));
      return new Verdict(event(finish.outcome()), finish.reason(), finish.message());
    }
    throw new IllegalArgumentException(decision + " leaves nothing to report");
  }

  private Event current() {
    return seen.source().isPresent() && seen.target().isPresent()
        ? PhaseReport.event(seen.source().get(), seen.target().get())
        : Event.ACCEPTED;
  }

  private static Event event(MigrationPhase outcome) {
    return switch (outcome) {
      case Succeeded -> Event.SUCCEEDED;
      case Failed -> Event.FAILED;
      case Canceled -> Event.CANCELED;
      case RolledBack -> Event.ROLLED_BACK;
      case Pending, Preflight, PreparingTarget, Transferring, Frozen, Restoring, Draining ->
          throw new IllegalArgumentException(outcome + " is not final");
    };
  }

  private MigrationEnd source(Decision decision) {
    MigrationSource wish = seen.spec().getSource();
    ResolvedProcess process = status.getProcess();
    Integer pid =
        process != null ? process.pid() : wish.process() != null ? wish.process().pid() : null;
    return new MigrationEnd(
        wish.nodeName(), pid, taskName(TaskRole.Source, decision), summary(wish, process));
  }

  private MigrationEnd target(Decision decision) {
    String node =
        decision instanceof StartAttempt start
            ? start.placement().target().name()
            : seen.target()
                .map(Side::nodeName)
                .orElse(
                    before.getTarget() != null
                        ? before.getTarget().nodeName()
                        : seen.spec().getTarget().nodeName());
    Integer pid = target.map(MigrationTaskStatus::getRestartedPid).orElse(null);
    return node == null
        ? null
        : new MigrationEnd(node, pid, taskName(TaskRole.Target, decision), null);
  }

  private String taskName(TaskRole role, Decision decision) {
    if (decision instanceof StartAttempt start) {
      return AttemptTasks.name(seen.migration(), start.attempt(), role);
    }
    return status.getAttempt() == null
        ? null
        : AttemptTasks.name(seen.migration(), status.getAttempt(), role);
  }

  private static String summary(MigrationSource wish, ResolvedProcess process) {
    if (process != null && process.comm() != null) {
      return process.comm() + "[" + process.pid() + "]";
    }
    if (wish.process() != null) {
      return "[" + wish.process().pid() + "]";
    }
    ProcessSelector selector = wish.selector();
    List<String> parts = new ArrayList<>();
    if (selector.comm() != null) {
      parts.add("comm=" + selector.comm());
    }
    if (selector.commandLineRegex() != null) {
      parts.add("commandLine~" + selector.commandLineRegex());
    }
    if (selector.uid() != null) {
      parts.add("uid=" + selector.uid());
    }
    return String.join(",", parts);
  }

  private Progress progress() {
    Progress told =
        source
            .map(MigrationTaskStatus::getProgress)
            .or(() -> target.map(MigrationTaskStatus::getProgress))
            .orElse(before.getProgress());
    if (status.getPhase() != MigrationPhase.Succeeded || told == null) {
      return told;
    }
    return new Progress(
        100, told.round(), told.bytesTotal(), told.bytesTransferred(), 0L, told.dirtyRate());
  }

  private Timings timings() {
    List<Timings> told =
        Stream.of(source, target)
            .flatMap(Optional::stream)
            .map(MigrationTaskStatus::getTimings)
            .filter(Objects::nonNull)
            .toList();
    if (told.isEmpty()) {
      return before.getTimings();
    }
    return new Timings(
        first(told, Timings::preflight),
        first(told, Timings::prepare),
        first(told, Timings::transfer),
        first(told, Timings::downtime),
        first(told, Timings::drain),
        first(told, Timings::total));
  }

  /** The source coordinates, so it is asked first. */
  private static String first(List<Timings> told, Function<Timings, String> part) {
    return told.stream().map(part).filter(Objects::nonNull).findFirst().orElse(null);
  }

  private List<Obstacle> obstacles() {
    return Stream.of(source, target)
        .flatMap(Optional::stream)
        .flatMap(told -> told.getObstacles().stream())
        .distinct()
        .toList();
  }

  private List<Condition> conditions(Verdict verdict) {
    boolean succeeded = status.getPhase() == MigrationPhase.Succeeded;
    boolean over = PhaseTable.isFinal(status.getPhase());
    ConditionList list =
        new ConditionList(
            before.getConditions(), seen.migration().getMetadata().getGeneration(), seen.now());
    list.add(Api.READY, succeeded, verdict.reason(), verdict.message());
    list.add(Api.RECONCILING, !over, verdict.reason(), verdict.message());
    list.add(Api.STALLED, over && !succeeded, verdict.reason(), verdict.message());
    preflighted(list);
    sourceIntact(list);
    downtime(list);
    if (seen.cancelRequested()) {
      list.add(
          Api.CANCEL_REQUESTED,
          true,
          Reason.CanceledByUser,
          seen.deleted() ? "The ProcessMigration was deleted." : "spec.cancel was set.");
    }
    return list.build();
  }

  private void preflighted(ConditionList list) {
    List<Optional<Boolean>> verdicts = seen.sides().stream().map(Side::preflighted).toList();
    Failure failure = status.getFailure();
    if (verdicts.contains(Optional.of(false))) {
      list.add(
          Api.PREFLIGHTED,
          false,
          Reason.ObstaclesFound,
          "Obstacles found: " + status.getObstacles().size() + "; see status.obstacles.");
    } else if (failure != null && "Placement".equals(failure.step())) {
      list.add(Api.PREFLIGHTED, false, failure.reason(), failure.message());
    } else if (verdicts.equals(List.of(Optional.of(true), Optional.of(true)))
        || status.getPhase() == MigrationPhase.Succeeded) {
      list.add(Api.PREFLIGHTED, true, Reason.NoObstacles, Reason.NoObstacles.meaning());
    } else {
      list.keep(Api.PREFLIGHTED);
    }
  }

  private void sourceIntact(ConditionList list) {
    List<Side> sides = seen.sides();
    boolean committed = sides.stream().anyMatch(Side::committed);
    boolean returned = seen.source().filter(side -> side.over() && !side.committed()).isPresent();
    if (committed || isFalse(Api.SOURCE_INTACT) && !returned) {
      list.add(Api.SOURCE_INTACT, false, Reason.Committed, Reason.Committed.meaning());
      return;
    }
    Optional<Failure> end =
        seen.source().filter(Side::processGone).map(side -> side.status().getFailure());
    if (end.isPresent()) {
      list.add(Api.SOURCE_INTACT, false, end.get().reason(), end.get().message());
      return;
    }
    boolean touchable = sides.stream().anyMatch(Side::ordered);
    boolean unheard =
        seen.started()
            && (sides.size() < 2
                || seen.source().filter(side -> side.lost() && !side.over()).isPresent());
    if (touchable && unheard) {
      list.addUnknown(
          Api.SOURCE_INTACT,
          Reason.AgentLost,
          "Only the agent on node "
              + seen.spec().getSource().nodeName()
              + " can tell, and it is not heard of.");
    } else {
      list.add(Api.SOURCE_INTACT, true, Reason.NotCommitted, Reason.NotCommitted.meaning());
    }
  }

  private boolean isFalse(String type) {
    return before.getConditions().stream()
        .anyMatch(c -> c.getType().equals(type) && c.getStatus().equals("False"));
  }

  private void downtime(ConditionList list) {
    String budget = seen.spec().getDowntimeBudget();
    String measured = status.getTimings() == null ? null : status.getTimings().downtime();
    if (budget == null || measured == null) {
      return;
    }
    Duration spent = GoDuration.parse(measured);
    boolean within = spent.compareTo(GoDuration.parse(budget)) <= 0;
    list.add(
        Api.DOWNTIME_WITHIN_BUDGET,
        within,
        within ? Reason.WithinBudget : Reason.BudgetExceeded,
        "The process stood still for " + measured + "; the budget is " + budget + ".");
  }
}
