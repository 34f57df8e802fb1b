// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.preflight.SourcePreflight;
import io.procmig.agent.process.FoundProcess;
import io.procmig.agent.process.ProcUnreadableException;
import io.procmig.agent.process.ProcessLookupException;
import io.procmig.agent.task.StatusSink.Urgency;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.SourceOrder;
import io.procmig.agent.transfer.SourceReport;
import io.procmig.agent.transfer.SourceState;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.GoDuration;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.ResolvedProcess;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.Timings;
import io.procmig.api.v1alpha1.TokenState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The source's side of one attempt: find the process, look for obstacles, then run the session. */
final class SourceTask extends OpenTask {
  private static final int COMMAND_LINE = 1024;

  private final Surroundings around;
  private List<MechanismRule> mechanisms = List.of();
  private boolean passed;
  private boolean inSession;

  SourceTask(MigrationTask task, TaskBoard board, Surroundings around) {
    super(task, board);
    this.around = around;
  }

  @Override
  void begin() {
    setSourceIntact(true);
    if (around.sessions().knows(token)) {
      inSession = true;
      around.sessions().replay(ref, token);
      return;
    }
    if (canceled()) {
      ordered();
      return;
    }
    enter(TaskPhase.Resolving);
    board.work(this::resolve);
  }

  @Override
  void ordered() {
    if (isOver()) {
      return;
    }
    if (canceled()) {
      Cause cause = canceledByUser();
      if (inSession) {
        around.sessions().giveUp(token, cause);
      } else {
        end(TaskPhase.Canceled, cause);
      }
    } else if (passed && proceeds() && !inSession) {
      beginSession();
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

  /* ---- before the session: on a worker, then back on the board ---- */

  private void resolve() {
    try {
      FoundProcess found = find();
      List<MechanismRule> rules =
          TaskOrders.mechanisms(spec().getMechanisms(), around.files().descriptors(found.pid()));
      board.execute(
          () -> {
            mechanisms = rules;
            setProcess(resolved(found));
            if (!isOver()) {
              enter(TaskPhase.Preflight);
            }
          });
      SourcePreflight.Result result =
          around
              .preflight()
              .check(
                  found,
                  TaskOrders.selection(spec().getScope()),
                  TaskOrders.strategy(spec().getMode()),
                  rules);
      board.execute(
          () -> {
            setCounts(result.processes(), result.threads());
            judgedHere(result.obstacles());
            if (result.facts() == null) {
              judged(result.obstacles(), List.of());
            } else {
              askTarget(result);
            }
          });
    } catch (ProcessLookupException e) {
      board.execute(() -> refused(e.reason(), e.getMessage()));
    } catch (ProcUnreadableException e) {
      board.execute(
          () ->
              refused(
                  Reason.ProcessExited, e.getMessage() + ". " + Reason.ProcessExited.nextStep()));
    }
  }

  private FoundProcess find() {
    // A selector is resolved once; a restart of the agent keeps to what it found.
    if (process() != null && process().pid() != null) {
      return around
          .lookup()
          .byIdentity(new ProcessIdentity(process().pid(), process().startTimeTicks()));
    }
    return spec().getProcess() != null
        ? around.lookup().byIdentity(spec().getProcess())
        : around.lookup().bySelector(spec().getSelector());
  }

  private void refused(Reason reason, String message) {
    String object =
        spec().getProcess() == null ? "selector" : "process " + spec().getProcess().pid();
    List<Obstacle> obstacles = List.of(new Obstacle(reason, null, object, message));
    judgedHere(obstacles);
    judged(obstacles, List.of());
  }

  /** Said before the target is asked: whoever of the two ends first, all reasons are on record. */
  private void judgedHere(List<Obstacle> here) {
    if (!isOver()) {
      setPreflighted(here, positive(elapsed()));
      publish(Urgency.NOW);
    }
  }

  private void askTarget(SourcePreflight.Result result) {
    if (isOver()) {
      return;
    }
    around
        .peers()
        .preflight(spec().getPeer().controlAddress(), token, result.facts())
        .whenComplete(
            (obstacles, failure) -> board.execute(() -> targetSaid(result, obstacles, failure)));
  }

  private void targetSaid(
      SourcePreflight.Result result, Optional<List<Obstacle>> obstacles, Throwable failure) {
    if (isOver()) {
      return;
    }
    if (failure == null && obstacles.isPresent()) {
      judged(result.obstacles(), obstacles.get());
      return;
    }
    // Its agent may be starting, or has not seen its task yet. The deadline bounds this.
    if (elapsed().compareTo(around.peerPatience()) > 0) {
      List<Obstacle> all = new ArrayList<>(result.obstacles());
      all.add(
          new Obstacle(
              Reason.PeerUnreachable,
              null,
              "node " + spec().getPeer().nodeName(),
              "the agent of node "
                  + spec().getPeer().nodeName()
                  + " at "
                  + spec().getPeer().controlAddress()
                  + (failure == null
                      ? " has not seen its task"
                      : " does not answer (" + failure.getMessage() + ")")
                  + ". "
                  + Reason.PeerUnreachable.nextStep()));
      judged(all, List.of());
      return;
    }
    board.later(Duration.ofMillis(300), () -> askTarget(result));
  }

  /** Both sides have been looked at; the target's obstacles are in its own task. */
  private void judged(List<Obstacle> here, List<Obstacle> there) {
    if (isOver()) {
      return;
    }
    setPreflighted(here, positive(elapsed()));
    if (!here.isEmpty()) {
      end(TaskPhase.Failed, obstructed(here, Component.SourceAgent));
    } else if (!there.isEmpty()) {
      end(TaskPhase.Failed, obstructed(there, Component.TargetAgent));
    } else if (dryRun()) {
      end(TaskPhase.Succeeded, null);
    } else {
      passed = true;
      publish(Urgency.NOW);
      ordered();
    }
  }

  private void beginSession() {
    inSession = true;
    around
        .sessions()
        .begin(
            new SourceOrder(
                token,
                ref,
                process().pid(),
                process().startTimeTicks(),
                TaskOrders.selection(spec().getScope()),
                spec().getPeer().nodeName(),
                spec().getPeer().controlAddress(),
                around.controlAddress(),
                TaskOrders.strategy(spec().getMode()),
                mechanisms,
                around.channels().apply(processCount()),
                around.watchdogMs(),
                TaskOrders.quiesceMs(spec())));
  }

  /* ---- the session ---- */

  @Override
  void reported(SourceReport report) {
    inSession = true;
    setSourceIntact(!report.state().isCommitted() && !processIsGone(report));
    setState(
        report.state() == SourceState.FINISHED
            ? TokenState.Finished
            : report.state() == SourceState.ABORTED
                ? TokenState.Aborted
                : report.state().isCommitted() ? TokenState.Committed : TokenState.Prepared);
    setProgress(report.bytesTotal(), report.bytesDone());
    Timings before = timings();
    setTimings(
        new Timings(
            before.preflight(),
            duration(report.prepareNs(), before.prepare()),
            duration(report.transferNs(), before.transfer()),
            duration(report.downtimeNs(), before.downtime()),
            duration(report.drainNs(), before.drain()),
            before.total()));
    switch (report.state()) {
      case PREPARING, CONNECTING, MEASURING, STARTING -> enter(TaskPhase.PreparingTarget);
      case TRANSFERRING, READY -> pass(report.frozen() ? TaskPhase.Frozen : TaskPhase.Transferring);
      case SAVED, COMMITTING -> pass(TaskPhase.Restoring);
      case RESUMING, REVOKING -> pass(TaskPhase.Committed);
      case FINISHING -> enter(TaskPhase.Draining);
      case ABORTING -> publish(Urgency.NOW);
      case FINISHED -> end(TaskPhase.Succeeded, null);
      case ABORTED -> end(lastPhase(report), report.cause());
    }
  }

  private static TaskPhase lastPhase(SourceReport report) {
    if (report.cause() != null && report.cause().reason() == Reason.CanceledByUser) {
      return TaskPhase.Canceled;
    }
    if (processIsGone(report)) {
      return TaskPhase.Failed;
    }
    return report.frozen() ? TaskPhase.RolledBack : TaskPhase.Failed;
  }

  /** It ended by itself or with its node: nobody moved it, but it does not run here either. */
  private static boolean processIsGone(SourceReport report) {
    return report.cause() != null
        && (report.cause().reason() == Reason.SourceNodeLost
            || report.cause().reason() == Reason.ProcessExited);
  }

  private Cause canceledByUser() {
    return new Cause(
        Reason.CanceledByUser,
        Component.SourceAgent,
        phase().name(),
        "canceled on request before the commit; process "
            + (process() == null ? "" : process().pid() + " ")
            + "runs on node "
            + ref.node());
  }

  private static String duration(long nanos, String otherwise) {
    return nanos < 0 ? otherwise : GoDuration.format(Duration.ofNanos(nanos));
  }

  private static ResolvedProcess resolved(FoundProcess found) {
    String commandLine = found.commandLine();
    return new ResolvedProcess(
        found.pid(),
        found.startTimeTicks(),
        found.comm(),
        commandLine.length() > COMMAND_LINE ? commandLine.substring(0, COMMAND_LINE) : commandLine,
        found.uid());
  }
}
