// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.task.StatusSink.Urgency;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.SourceReport;
import io.procmig.agent.transfer.TargetReport;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.GoDuration;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Progress;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.ResolvedProcess;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.Timings;
import io.procmig.api.v1alpha1.TokenState;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task of this node that is not over, and the status that this agent writes for it. All methods
 * are called on the board's thread.
 */
abstract class OpenTask {
  private static final Logger LOG = LoggerFactory.getLogger(OpenTask.class);

  /** What is over sooner is not worth being told while it lasts. */
  private static final Duration INSTANT = Duration.ofSeconds(1);

  private static final Timings NOT_MEASURED = new Timings(null, null, null, null, null, null);

  final TaskRef ref;
  final Token token;
  final TaskBoard board;
  private MigrationTask task;
  private final Instant startTime;
  private TaskPhase phase;
  private TokenState state;
  private ResolvedProcess process;
  private Integer processes;
  private Integer threads;
  private Integer restartedPid;
  private List<Obstacle> obstacles = new ArrayList<>();
  private Progress progress;
  private Timings timings = NOT_MEASURED;
  private Failure failure;
  private Boolean sourceIntact;
  private Instant completionTime;
  private Condition preflighted;
  private long passingSince;

  OpenTask(MigrationTask task, TaskBoard board) {
    this.task = task;
    this.board = board;
    this.token = Token.parse(task.getSpec().getToken());
    this.ref = TaskBoard.refOf(task);
    MigrationTaskStatus before =
        Objects.requireNonNullElseGet(task.getStatus(), MigrationTaskStatus::new);
    startTime = before.getStartTime() == null ? board.now() : Instant.parse(before.getStartTime());
    phase = Objects.requireNonNullElse(before.getPhase(), TaskPhase.Pending);
    state = before.getState();
    process = before.getProcess();
    restartedPid = before.getRestartedPid();
    obstacles = new ArrayList<>(before.getObstacles());
    progress = before.getProgress();
    failure = before.getFailure();
    sourceIntact = before.getSourceIntact();
    timings = Objects.requireNonNullElse(before.getTimings(), timings);
    preflighted =
        before.getConditions().stream()
            .filter(condition -> condition.getType().equals(Api.PREFLIGHTED))
            .findFirst()
            .orElse(null);
  }

  /** Begins, or continues what an earlier run of the agent began. */
  abstract void begin();

  /** The spec has changed. */
  abstract void ordered();

  /** Stops what has not been given to a session yet. */
  abstract void stop(Cause cause);

  /** The source's session has changed. */
  void reported(SourceReport report) {
    LOG.warn("{}: a report of a source for a task that is none", ref);
  }

  /** The target's session has changed. */
  void reported(TargetReport report) {
    LOG.warn("{}: a report of a target for a task that is none", ref);
  }

  final MigrationTaskSpec spec() {
    return task.getSpec();
  }

  final void update(MigrationTask latest) {
    task = latest;
    ordered();
  }

  final boolean proceeds() {
    return Boolean.TRUE.equals(spec().getProceed());
  }

  final boolean canceled() {
    return Boolean.TRUE.equals(spec().getCancel());
  }

  final boolean dryRun() {
    return Boolean.TRUE.equals(spec().getDryRun());
  }

  final boolean isOver() {
    return completionTime != null;
  }

  final TaskPhase phase() {
    return phase;
  }

  final ResolvedProcess process() {
    return process;
  }

  final List<Obstacle> obstacles() {
    return obstacles;
  }

  final Duration elapsed() {
    return Duration.between(startTime, board.now());
  }

  /* ---- what the status says ---- */

  final void setProcess(ResolvedProcess found) {
    process = found;
  }

  final void setCounts(Integer ofProcesses, Integer ofThreads) {
    processes = ofProcesses;
    threads = ofThreads;
  }

  /** Processes that the event has, as the last look has found. */
  final int processCount() {
    return processes == null ? 1 : processes;
  }

  final void setRestartedPid(int pid) {
    restartedPid = pid;
  }

  final void setSourceIntact(boolean intact) {
    sourceIntact = intact;
  }

  final void setState(TokenState durable) {
    state = durable;
  }

  final void setTimings(Timings measured) {
    timings = measured;
  }

  final Timings timings() {
    return timings;
  }

  final void setProgress(long total, long done) {
    if (total <= 0) {
      return;
    }
    long moved = Math.min(done, total);
    progress = new Progress((int) (100 * moved / total), 1, total, moved, total - moved, null);
  }

  /** The verdict of this side's preflight. */
  final void setPreflighted(List<Obstacle> found, Duration took) {
    obstacles = new ArrayList<>(found);
    boolean passed = found.isEmpty();
    Reason reason = passed ? Reason.NoObstacles : Reason.ObstaclesFound;
    preflighted =
        new ConditionBuilder()
            .withType(Api.PREFLIGHTED)
            .withStatus(passed ? "True" : "False")
            .withReason(reason.name())
            .withMessage(
                passed
                    ? "Node " + ref.node() + " has no obstacle."
                    : found.size() + " obstacles on node " + ref.node() + ": see status.obstacles.")
            .withObservedGeneration(task.getMetadata().getGeneration())
            .withLastTransitionTime(board.now().truncatedTo(ChronoUnit.SECONDS).toString())
            .build();
    timings =
        new Timings(
            GoDuration.format(took),
            timings.prepare(),
            timings.transfer(),
            timings.downtime(),
            timings.drain(),
            timings.total());
  }

  /** Moves to a phase and publishes; at once if the phase is another one. */
  final void enter(TaskPhase next) {
    enter(next, next == phase ? Urgency.SOON : Urgency.NOW);
  }

  /** Moves to a phase that lasts for an instant, or for the whole transfer. */
  final void pass(TaskPhase next) {
    long now = System.nanoTime();
    if (passingSince == 0) {
      passingSince = now;
    }
    boolean brief = now - passingSince < INSTANT.toNanos();
    enter(next, brief ? Urgency.QUIETLY : Urgency.SOON);
  }

  private void enter(TaskPhase next, Urgency urgency) {
    if (next != phase && urgency == Urgency.NOW) {
      LOG.info("{} token {}: {}", ref, token, next);
    }
    phase = next;
    publish(urgency);
  }

  /** Ends: the last phase, and why if it is not success. */
  final void end(TaskPhase last, Cause cause) {
    if (completionTime != null) {
      return;
    }
    completionTime = board.now();
    failure = cause == null ? null : failure(cause);
    timings =
        new Timings(
            timings.preflight(),
            timings.prepare(),
            timings.transfer(),
            timings.downtime(),
            timings.drain(),
            GoDuration.format(positive(elapsed())));
    phase = last;
    LOG.info("{} token {}: {}", ref, token, last);
    publish(Urgency.NOW);
    board.ended(this);
  }

  final void publish(Urgency urgency) {
    board.sink().put(ref, build(), urgency);
  }

  static Failure failure(Cause cause) {
    return new Failure(
        cause.reason(),
        cause.component(),
        cause.step(),
        cause.message(),
        cause.reason().retriable());
  }

  static Cause obstructed(List<Obstacle> obstacles, Component component) {
    Obstacle first = obstacles.get(0);
    String more =
        obstacles.size() == 1
            ? ""
            : " (and " + (obstacles.size() - 1) + " more obstacles: see status.obstacles)";
    return new Cause(first.code(), component, "Preflight", first.message() + more);
  }

  /** Clocks may be set back. */
  static Duration positive(Duration duration) {
    return duration.isNegative() ? Duration.ZERO : duration;
  }

  private MigrationTaskStatus build() {
    MigrationTaskStatus status = new MigrationTaskStatus();
    status.setObservedGeneration(task.getMetadata().getGeneration());
    status.setPhase(phase);
    status.setState(state == null ? TokenState.None : state);
    status.setProcess(process);
    status.setProcesses(processes);
    status.setThreads(threads);
    status.setRestartedPid(restartedPid);
    status.setObstacles(obstacles);
    status.setProgress(progress);
    status.setTimings(NOT_MEASURED.equals(timings) ? null : timings);
    status.setFailure(failure);
    status.setSourceIntact(sourceIntact);
    status.setStartTime(startTime.truncatedTo(ChronoUnit.MILLIS).toString());
    status.setCompletionTime(
        completionTime == null ? null : completionTime.truncatedTo(ChronoUnit.MILLIS).toString());
    status.setLastUpdateTime(board.now().truncatedTo(ChronoUnit.MILLIS).toString());
    status.setConditions(preflighted == null ? List.of() : List.of(preflighted));
    return status;
  }
}
