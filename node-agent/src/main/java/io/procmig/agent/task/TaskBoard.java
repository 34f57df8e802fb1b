// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.SourceReport;
import io.procmig.agent.transfer.TargetReport;
import io.procmig.agent.transfer.TaskDirectory;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the tasks of this node: opens each that is not over, tells it what changed, and ends it
 * at its deadline. A task that is over is never opened again. Everything happens on one thread, but
 * for {@link #target} and {@link #preflight}, which peers call.
 */
public final class TaskBoard implements TaskDirectory, ResourceEventHandler<MigrationTask> {
  private static final Logger LOG = LoggerFactory.getLogger(TaskBoard.class);

  private final String node;
  private final ScheduledExecutorService thread;
  private final Executor workers;
  private final StatusSink sink;
  private final Clock clock;
  private final Map<Token, MigrationTask> known = new ConcurrentHashMap<>();
  private final Map<Token, OpenTask> open = new HashMap<>();
  private final Map<Token, Consumer<OpenTask>> unheard = new HashMap<>();

  /** Until their objects are deleted: what the API server shows of them may be older. */
  private final Set<Token> ended = ConcurrentHashMap.newKeySet();

  private volatile Surroundings around;
  private volatile boolean closing;

  /**
   * An empty board.
   *
   * @param node name of this node
   * @param thread one thread, on which tasks live
   * @param workers for looking at processes, which may take long
   */
  public TaskBoard(
      String node,
      ScheduledExecutorService thread,
      Executor workers,
      StatusSink sink,
      Clock clock) {
    this.node = node;
    this.thread = thread;
    this.workers = workers;
    this.sink = sink;
    this.clock = clock;
  }

  /** Gives the board what tasks are carried out with; before any task is seen. */
  public void equip(Surroundings surroundings) {
    around = surroundings;
  }

  /** Opens no more tasks. */
  public void close() {
    closing = true;
  }

  /* ---- the API server's side ---- */

  @Override
  public void onAdd(MigrationTask task) {
    if (isOurs(task)) {
      known.put(Token.parse(task.getSpec().getToken()), task);
      execute(() -> seen(task));
    }
  }

  @Override
  public void onUpdate(MigrationTask before, MigrationTask task) {
    onAdd(task);
  }

  @Override
  public void onDelete(MigrationTask task, boolean unknownState) {
    if (!isOurs(task)) {
      return;
    }
    Token token = Token.parse(task.getSpec().getToken());
    known.remove(token);
    execute(
        () -> {
          unheard.remove(token);
          ended.remove(token);
          OpenTask gone = open.get(token);
          if (gone != null) {
            gone.stop(
                new Cause(
                    Reason.CanceledByUser,
                    Component.Operator,
                    gone.phase().name(),
                    "MigrationTask " + gone.ref.key() + " was deleted"));
          }
        });
  }

  private boolean isOurs(MigrationTask task) {
    return node.equals(task.getSpec().getNodeName());
  }

  private void seen(MigrationTask task) {
    Token token = Token.parse(task.getSpec().getToken());
    OpenTask known = open.get(token);
    if (known != null) {
      known.update(task);
      return;
    }
    if (isOver(task) || ended.contains(token) || closing) {
      return;
    }
    OpenTask opened =
        switch (task.getSpec().getRole()) {
          case Source -> new SourceTask(task, this, around);
          case Target -> new TargetTask(task, this, around);
        };
    open.put(token, opened);
    LOG.info("{} token {}: opened as {}", opened.ref, token, task.getSpec().getRole());
    watchDeadline(opened);
    opened.begin();
    Consumer<OpenTask> earlier = unheard.remove(token);
    if (earlier != null) {
      earlier.accept(opened);
    }
  }

  private void watchDeadline(OpenTask task) {
    Instant deadline = Instant.parse(task.spec().getDeadlineTime());
    Duration left = OpenTask.positive(Duration.between(now(), deadline));
    later(
        left,
        () -> {
          if (!task.isOver()) {
            task.stop(
                new Cause(
                    Reason.DeadlineExceeded,
                    task.spec().getRole() == TaskRole.Source
                        ? Component.SourceAgent
                        : Component.TargetAgent,
                    task.phase().name(),
                    "the migration was not committed by "
                        + deadline
                        + ". "
                        + Reason.DeadlineExceeded.nextStep()));
          }
        });
  }

  static boolean isOver(MigrationTask task) {
    MigrationTaskStatus status = task.getStatus();
    if (status == null || status.getPhase() == null) {
      return false;
    }
    return isOver(status.getPhase());
  }

  private static boolean isOver(TaskPhase phase) {
    return switch (phase) {
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

  /* ---- the peers' side ---- */

  @Override
  public Optional<TaskRef> target(Token token, String sourceNode) {
    return targetTask(token, sourceNode)
        .filter(task -> Boolean.TRUE.equals(task.getSpec().getProceed()))
        .filter(task -> !Boolean.TRUE.equals(task.getSpec().getCancel()))
        .map(TaskBoard::refOf);
  }

  /**
   * Looks whether a process may come to this node; nothing when there is no task that says so
   * (yet).
   */
  public Optional<List<Obstacle>> preflight(Token token, String sourceNode, SourceFacts facts) {
    if (targetTask(token, sourceNode).isEmpty()) {
      return Optional.empty();
    }
    long begun = System.nanoTime();
    List<Obstacle> obstacles = new ArrayList<>(around.targetPreflight().check(facts));
    int used = around.sessions().open();
    if (used >= around.slots()) {
      obstacles.add(
          new Obstacle(
              Reason.WaitingForSlot,
              null,
              "node " + node,
              "node "
                  + node
                  + " takes part in "
                  + used
                  + " of "
                  + around.slots()
                  + " migrations. "
                  + Reason.WaitingForSlot.nextStep()));
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    execute(
        () -> {
          if (open.get(token) instanceof TargetTask task) {
            task.preflighted(obstacles, took);
          }
        });
    return Optional.of(obstacles);
  }

  private Optional<MigrationTask> targetTask(Token token, String sourceNode) {
    return Optional.ofNullable(known.get(token))
        .filter(task -> task.getSpec().getRole() == TaskRole.Target)
        .filter(task -> task.getSpec().getPeer().nodeName().equals(sourceNode))
        .filter(task -> !isOver(task) && !ended.contains(token));
  }

  /* ---- the sessions' side ---- */

  @Override
  public void reported(TaskRef task, Token token, SourceReport report) {
    execute(() -> tell(token, opened -> opened.reported(report)));
  }

  @Override
  public void reported(TaskRef task, Token token, TargetReport report) {
    execute(() -> tell(token, opened -> opened.reported(report)));
  }

  private void tell(Token token, Consumer<OpenTask> report) {
    OpenTask task = open.get(token);
    if (task == null) {
      if (ended.contains(token)) {
        return;
      }
      // Sessions that continue after a restart report before the tasks have been read.
      unheard.put(token, report);
    } else if (!task.isOver()) {
      report.accept(task);
    }
  }

  /* ---- for open tasks ---- */

  void ended(OpenTask task) {
    ended.add(task.token);
    open.remove(task.token);
    unheard.remove(task.token);
  }

  StatusSink sink() {
    return sink;
  }

  Instant now() {
    return clock.instant();
  }

  void execute(Runnable work) {
    try {
      thread.execute(() -> guarded(work));
    } catch (RejectedExecutionException e) {
      LOG.debug("the board is closed");
    }
  }

  void later(Duration delay, Runnable work) {
    try {
      thread.schedule(() -> guarded(work), delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("the board is closed");
    }
  }

  void work(Runnable work) {
    workers.execute(() -> guarded(work));
  }

  static TaskRef refOf(MigrationTask task) {
    return new TaskRef(
        task.getMetadata().getNamespace(),
        task.getMetadata().getName(),
        task.getMetadata().getUid(),
        task.getSpec().getMigrationRef().name(),
        task.getSpec().getNodeName());
  }

  private static void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.error("a task could not be carried on", e);
    }
  }
}
