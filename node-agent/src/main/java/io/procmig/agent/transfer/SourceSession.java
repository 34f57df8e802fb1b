// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.InspectOrder;
import io.procmig.agent.kernel.Inspection;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.KernelState;
import io.procmig.agent.kernel.Medium;
import io.procmig.agent.kernel.RequestEvent;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.RequestStatus;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.token.DurableState;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.token.TokenStore;
import io.procmig.agent.token.TokenStoreException;
import io.procmig.agent.transfer.Transitions.Step;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's side of one token: the coordinator. Lives on its loop; {@link #begin}, {@link
 * #recover}, {@link #giveUp} and {@link #outcome} may be called from any thread.
 */
public final class SourceSession {
  /** What a session works with. */
  public record Ports(
      Kernel kernel,
      TokenStore store,
      TargetPeer peer,
      DataPlane data,
      RequestWatch watch,
      Loop loop,
      TransferLimits limits) {}

  private static final Logger LOG = LoggerFactory.getLogger(SourceSession.class);

  private final SourceOrder order;
  private final Ports ports;
  private final Loop loop;
  private final Consumer<SourceReport> listener;
  private final Deque<SourceEvent> events = new ArrayDeque<>();
  private final List<String> walked = new ArrayList<>();
  private boolean draining;

  private volatile TokenOutcome published = TokenOutcome.UNDECIDED;
  private volatile Cause cause;
  private SourceState state = SourceState.PREPARING;
  private TokenRecord record;
  private TargetPeer.Prepared prepared;
  private DataPlane.Channels channels;
  private KernelRequest request;
  private RequestWatch.Watching watching;
  private Loop.Timer repeat;
  private int attempt;
  private long begunAt;
  private long heardAt;
  private long roundTripNs;
  private boolean frozen;
  private String remark;
  private long bytesTotal;
  private long bytesDone;
  private long prepareNs = -1;
  private long transferNs = -1;
  private long downtimeNs = -1;
  private long resumedAt;
  private long drainNs = -1;

  /**
   * A session that has not begun.
   *
   * @param listener told of every change, on the loop; the last report has a terminal state
   */
  public SourceSession(SourceOrder order, Ports ports, Consumer<SourceReport> listener) {
    this.order = order;
    this.ports = ports;
    this.loop = ports.loop();
    this.listener = listener;
  }

  /** Begins a new migration. */
  public void begin() {
    post(
        () -> {
          begunAt = loop.nanoTime();
          record =
              new TokenRecord(
                  TokenRecord.VERSION,
                  order.token().toString(),
                  RequestRole.SOURCE,
                  DurableState.PREPARED,
                  ports.store().bootId(),
                  order.task().key(),
                  order.task().uid(),
                  order.task().migration(),
                  order.pid(),
                  order.startTimeTicks(),
                  order.peerNode(),
                  order.peerAddress(),
                  null,
                  null,
                  null,
                  false,
                  0,
                  0,
                  0);
          try {
            ports.store().write(record);
          } catch (TokenStoreException e) {
            fail(storeCause(e, "Prepare"));
            return;
          }
          act(SourceAction.PREPARE);
          drain();
        });
  }

  /**
   * Continues what an earlier run of the agent began: what was committed is completed, everything
   * else is undone.
   *
   * @param left the record as that run left it
   */
  public void recover(TokenRecord left) {
    loop.post(
        () -> {
          try {
            recoverNow(left);
          } catch (RuntimeException e) {
            // Nothing may be decided without the kernel's word.
            LOG.error("{} token {}: cannot recover yet", order.task(), order.token(), e);
            loop.after(ports.limits().pause(attempt++), () -> recover(left));
          }
        });
  }

  private void recoverNow(TokenRecord left) {
    begunAt = loop.nanoTime();
    record = left;
    frozen = left.frozen();
    boolean sameBoot = left.bootId().equals(ports.store().bootId());
    request = sameBoot ? ports.kernel().attach(order.token()).orElse(null) : null;
    switch (left.state()) {
      case PREPARED, READY -> undo(sameBoot);
      case COMMITTED -> {
        // The record is written first, so it alone does not prove that the kernel followed.
        boolean carriedOut =
            !sameBoot || request != null && request.status().state() == KernelState.COMMITTED;
        if (carriedOut) {
          resumeFrom(SourceState.RESUMING, SourceAction.GO, TokenOutcome.COMMITTED);
        } else {
          undo(true);
        }
      }
      case RESUMING, RUNNING ->
          resumeFrom(SourceState.FINISHING, SourceAction.DESTROY, TokenOutcome.COMMITTED);
      case FINISHED -> resumeFrom(SourceState.FINISHED, SourceAction.END, TokenOutcome.COMMITTED);
      case ABORTED -> {
        cause = new Cause(left.reason(), left.component(), "Recover", left.message());
        resumeFrom(SourceState.ABORTED, SourceAction.END, TokenOutcome.ABORTED);
      }
    }
  }

  /** Stops as soon as that is safe; without effect after the commit. */
  public void giveUp(Cause why) {
    post(() -> fail(why));
  }

  /** What this node says about the token. Any thread. */
  public Answer outcome() {
    return new Answer(published, cause, order.pid(), ports.store().bootId(), 0, 0, 0);
  }

  private void undo(boolean sameBoot) {
    Cause why =
        sameBoot
            ? new Cause(
                Reason.AgentRestarted,
                Component.SourceAgent,
                "Recover",
                "the agent of node "
                    + order.task().node()
                    + " restarted before the migration was committed and undid it; process "
                    + order.pid()
                    + " runs on the source. "
                    + Reason.AgentRestarted.nextStep())
            : new Cause(
                Reason.SourceNodeLost,
                Component.SourceAgent,
                "Recover",
                "node "
                    + order.task().node()
                    + " rebooted before the migration was committed, and process "
                    + order.pid()
                    + " ended with it. "
                    + Reason.SourceNodeLost.nextStep());
    cause = why;
    state = SourceState.ABORTING;
    act(SourceAction.ROLL_BACK);
    drain();
  }

  private void resumeFrom(SourceState where, SourceAction action, TokenOutcome outcome) {
    state = where;
    published = outcome;
    LOG.info("{} token {}: recovered in state {}", order.task(), order.token(), where);
    report();
    act(action);
    drain();
  }

  /* ---- events ---- */

  private void fail(Cause why) {
    if (SourceMachine.next(state, SourceEvent.GIVE_UP) != null && cause == null) {
      cause = why;
      LOG.warn(
          "{} token {}: giving up in {}: {}", order.task(), order.token(), state, why.message());
    }
    fire(SourceEvent.GIVE_UP);
  }

  private void fire(SourceEvent event) {
    events.add(event);
    drain();
  }

  private void drain() {
    if (draining) {
      return;
    }
    draining = true;
    try {
      // Nothing but what has to be done: the process may be standing still.
      for (SourceEvent event = events.poll(); event != null; event = events.poll()) {
        Step<SourceState, SourceAction> step = SourceMachine.next(state, event);
        if (step == null) {
          continue;
        }
        if (step.next() != state) {
          walked.add(state + " -> " + step.next() + " on " + event);
          state = step.next();
          attempt = 0;
        }
        act(step.action());
      }
    } finally {
      draining = false;
    }
    tell();
  }

  private void tell() {
    if (walked.isEmpty()) {
      return;
    }
    LOG.info(
        "{} token {}{}: {}",
        order.task(),
        order.token(),
        request == null ? "" : " request " + request.id(),
        String.join(", ", walked));
    walked.clear();
    report();
  }

  private void act(SourceAction action) {
    switch (action) {
      case NONE -> {}
      case PREPARE -> prepare();
      case PREPARE_LATER -> later(SourceEvent.PREPARE_DUE);
      case CONNECT -> connect();
      case MEASURE -> measure();
      case START -> start();
      case SUBMIT -> submit();
      case COMMIT -> commit();
      case GO -> go();
      case GO_LATER -> later(SourceEvent.GO_DUE);
      case DESTROY -> destroy();
      case DESTROY_LATER, REVOKE_LATER -> later(SourceEvent.TRY_DUE);
      case REVOKE -> revoke();
      case ROLL_BACK -> rollBack();
      case END -> end();
    }
  }

  private void later(SourceEvent event) {
    repeat = after(ports.limits().pause(attempt++), () -> fire(event));
  }

  /* ---- before the commit ---- */

  private void prepare() {
    if (elapsed(begunAt).compareTo(ports.limits().prepare()) > 0) {
      fail(
          new Cause(
              Reason.PeerUnreachable,
              Component.SourceAgent,
              "Prepare",
              "the agent of node "
                  + order.peerNode()
                  + " at "
                  + order.peerAddress()
                  + " did not take up token "
                  + order.token()
                  + " within "
                  + ports.limits().prepare().toSeconds()
                  + " s. "
                  + Reason.PeerUnreachable.nextStep()));
      return;
    }
    TargetPeer.PrepareOrder message =
        new TargetPeer.PrepareOrder(
            order.token(),
            order.task().node(),
            order.controlAddress(),
            order.pid(),
            order.strategy(),
            order.channels(),
            order.mechanisms(),
            order.watchdogMs());
    answer(
        ports.peer().prepare(message),
        reply -> {
          switch (reply.answer().outcome()) {
            case UNDECIDED -> {
              prepared = reply;
              // Without an address its agent has restarted and is about to give up.
              fire(reply.address() == null ? SourceEvent.NOT_YET : SourceEvent.PREPARED);
            }
            case NONE -> fire(SourceEvent.NOT_YET);
            case ABORTED -> fail(reply.answer().cause());
            case READY, COMMITTED -> fail(unexpected(reply.answer(), "Prepare"));
          }
        },
        failure -> fire(SourceEvent.NOT_YET));
  }

  private void connect() {
    try {
      channels = ports.data().connect(prepared.address(), order.channels());
      fire(SourceEvent.CONNECTED);
    } catch (TransferException e) {
      fail(e.failure());
    }
  }

  private void measure() {
    long asked = loop.nanoTime();
    answer(
        ports.peer().outcome(order.token()),
        reply -> {
          roundTripNs = loop.nanoTime() - asked;
          fire(SourceEvent.MEASURED);
        },
        failure -> fail(unreachable("Measure", failure)));
  }

  private void start() {
    Inspection inspection;
    try {
      inspection =
          ports
              .kernel()
              .inspect(
                  new InspectOrder(
                      order.pid(), order.startTimeTicks(), order.strategy(), order.mechanisms()));
    } catch (KernelException e) {
      fail(KernelCauses.of(e, Component.SourceKernel, "Inspect"));
      return;
    }
    if (!inspection.obstacles().isEmpty()) {
      fail(
          new Cause(
              Reason.UnsupportedState,
              Component.SourceKernel,
              "Inspect",
              "process "
                  + order.pid()
                  + " has acquired state since the preflight that is not carried: "
                  + inspection.obstacles().get(0).text()
                  + ". "
                  + Reason.UnsupportedState.nextStep()));
      return;
    }
    bytesTotal = inspection.memoryBytes();
    long halfWay = roundTripNs / 2;
    answer(
        ports
            .peer()
            .start(
                order.token(),
                inspection.monotonicNs() + halfWay,
                inspection.boottimeNs() + halfWay),
        reply -> {
          switch (reply.outcome()) {
            case UNDECIDED, READY -> {
              prepareNs = loop.nanoTime() - begunAt;
              fire(SourceEvent.STARTED);
            }
            case ABORTED -> fail(reply.cause());
            case NONE, COMMITTED -> fail(unexpected(reply, "Start"));
          }
        },
        failure -> fail(unreachable("Start", failure)));
  }

  private void submit() {
    try {
      request =
          ports
              .kernel()
              .checkpoint(
                  new SubmitOrder(
                      order.token(),
                      order.pid(),
                      order.startTimeTicks(),
                      order.strategy(),
                      Medium.SOCKET,
                      channels.descriptors(),
                      order.mechanisms(),
                      order.watchdogMs(),
                      order.quiesceMs()));
    } catch (KernelException e) {
      fail(KernelCauses.of(e, Component.SourceKernel, "Submit"));
      return;
    }
    closeChannels();
    KernelRequest watched = request;
    watching = ports.watch().watch(watched, events -> post(() -> kernelSaid(watched, events)));
    heardAt = loop.nanoTime();
    askReady();
  }

  private void kernelSaid(KernelRequest from, List<RequestEvent> said) {
    if (from != request) {
      return;
    }
    SourceState before = state;
    for (RequestEvent event : said) {
      bytesDone = Math.max(bytesDone, event.bytesDone());
      switch (event.state()) {
        case SAVING -> frozen = true;
        case SAVED -> {
          frozen = true;
          readTimes(request.status());
          fire(SourceEvent.KERNEL_SAVED);
        }
        case ABORTING, ABORTED -> {
          RequestStatus status = request.status();
          readTimes(status);
          fail(KernelCauses.ofSource(status));
        }
        case NEW, QUIESCING, COMMITTED, LOADING, READY, RUNNING, FINISHED -> {}
      }
    }
    if (state == before) {
      // Otherwise that was told already.
      report();
    }
  }

  /** Asks until the target is ready, or has failed, or was silent for too long. */
  private void askReady() {
    if (!awaitsPeer()) {
      return;
    }
    answer(
        ports.peer().awaitReady(order.token(), ports.limits().readyPoll()),
        reply -> {
          heardAt = loop.nanoTime();
          switch (reply.outcome()) {
            case READY -> fire(SourceEvent.PEER_READY);
            case UNDECIDED -> {
              bytesDone = Math.max(bytesDone, reply.bytesReceived());
              askReady();
            }
            case ABORTED -> fail(reply.cause());
            case NONE, COMMITTED -> fail(unexpected(reply, "AwaitReady"));
          }
        },
        failure -> {
          if (elapsed(heardAt).compareTo(ports.limits().peerSilence()) > 0) {
            fail(unreachable("AwaitReady", failure));
          } else if (awaitsPeer()) {
            repeat = after(ports.limits().retryFirst(), this::askReady);
          }
        });
  }

  private boolean awaitsPeer() {
    return state == SourceState.TRANSFERRING || state == SourceState.SAVED;
  }

  /* ---- the commit and after ---- */

  private void commit() {
    record = record.withFrozen().withState(DurableState.COMMITTED);
    try {
      ports.store().write(record);
    } catch (TokenStoreException e) {
      refuseCommit(storeCause(e, "Commit"));
      return;
    }
    try {
      request.commit();
    } catch (KernelException e) {
      RequestStatus status = request.status();
      if (status.state() != KernelState.COMMITTED) {
        readTimes(status);
        refuseCommit(
            status.error() != 0
                ? KernelCauses.ofSource(status)
                : KernelCauses.of(e, Component.SourceKernel, "Commit"));
        return;
      }
    }
    published = TokenOutcome.COMMITTED;
    fire(SourceEvent.COMMITTED);
  }

  private void refuseCommit(Cause why) {
    cause = why;
    fire(SourceEvent.COMMIT_REFUSED);
  }

  private void go() {
    answer(
        ports.peer().go(order.token()),
        reply -> {
          switch (reply.outcome()) {
            case COMMITTED -> {
              remark = null;
              readTimes(null);
              fire(SourceEvent.PEER_RUNS);
            }
            case ABORTED -> {
              cause = reply.cause();
              fire(SourceEvent.PEER_NEVER_RAN);
            }
            case NONE -> {
              remark =
                  "node "
                      + order.peerNode()
                      + " has no record of token "
                      + order.token()
                      + ", so it cannot be told whether process "
                      + order.pid()
                      + " ever ran there; the copy on the source stays frozen. Restore "
                      + "/var/lib/procmig of that node";
              fire(SourceEvent.GO_UNANSWERED);
            }
            case UNDECIDED, READY -> fire(SourceEvent.GO_UNANSWERED);
          }
        },
        failure -> {
          remark =
              "the agent of node "
                  + order.peerNode()
                  + " does not answer; the process stays frozen on the source until it does";
          fire(SourceEvent.GO_UNANSWERED);
        });
  }

  private void destroy() {
    try {
      // Without this record a missing request would look like one that was never committed.
      if (record.state() != DurableState.RUNNING) {
        record = record.withState(DurableState.RUNNING);
        ports.store().write(record);
      }
      if (request != null && request.status().state() == KernelState.COMMITTED) {
        request.finish();
      }
      record = record.withState(DurableState.FINISHED);
      ports.store().write(record);
    } catch (KernelException | TokenStoreException e) {
      LOG.error(
          "{} token {}: cannot destroy the frozen copy yet: {}",
          order.task(),
          order.token(),
          e.getMessage());
      fire(SourceEvent.TRY_LATER);
      return;
    }
    drainNs = loop.nanoTime() - resumedAt;
    fire(SourceEvent.DESTROYED);
  }

  private void revoke() {
    try {
      if (request != null && request.status().state() == KernelState.COMMITTED) {
        request.abortNeverRan();
      }
      if (request == null) {
        cause =
            new Cause(
                Reason.SourceNodeLost,
                Component.SourceAgent,
                "Resume",
                "the process never ran on node "
                    + order.peerNode()
                    + " ("
                    + (cause == null ? "unknown why" : cause.message())
                    + "), and node "
                    + order.task().node()
                    + " rebooted meanwhile. "
                    + Reason.SourceNodeLost.nextStep());
      } else {
        readTimes(request.status());
      }
      writeAborted();
    } catch (KernelException | TokenStoreException e) {
      LOG.error(
          "{} token {}: cannot take the commit back yet: {}",
          order.task(),
          order.token(),
          e.getMessage());
      fire(SourceEvent.TRY_LATER);
      return;
    }
    published = TokenOutcome.ABORTED;
    fire(SourceEvent.REVOKED);
  }

  private void rollBack() {
    if (request != null) {
      try {
        request.abort();
      } catch (KernelException e) {
        // EPROTO: the kernel undid it already.
        LOG.info("{} token {}: {}", order.task(), order.token(), e.getMessage());
      }
      readTimes(request.status());
    }
    closeChannels();
    try {
      writeAborted();
    } catch (TokenStoreException e) {
      // Whoever reads the older record comes to the same end, since the request is gone.
      LOG.error("{} token {}: {}", order.task(), order.token(), e.getMessage());
    }
    published = TokenOutcome.ABORTED;
    report();
    tellAborted(0);
  }

  private void tellAborted(int told) {
    answer(
        ports.peer().abort(order.token(), cause),
        reply -> {
          adopt(reply);
          fire(SourceEvent.PEER_TOLD);
        },
        failure -> {
          if (told + 1 >= ports.limits().abortAttempts()) {
            // It asks by itself.
            fire(SourceEvent.PEER_TOLD);
          } else {
            repeat = after(ports.limits().pause(told), () -> tellAborted(told + 1));
          }
        });
  }

  /** A broken connection here is often the target's failure there; that one says more. */
  private void adopt(Answer reply) {
    boolean vague =
        cause.reason() == Reason.TransferInterrupted || cause.reason() == Reason.WatchdogExpired;
    if (vague
        && reply.cause() != null
        && reply.cause().reason() != Reason.TransferInterrupted
        && reply.cause().component() != Component.SourceAgent
        && reply.cause().component() != Component.SourceKernel) {
      cause = reply.cause();
      try {
        writeAborted();
      } catch (TokenStoreException e) {
        LOG.error("{} token {}: {}", order.task(), order.token(), e.getMessage());
      }
    }
  }

  private void writeAborted() {
    if (frozen) {
      record = record.withFrozen();
    }
    record = record.aborted(cause.reason(), cause.component(), cause.message());
    ports.store().write(record);
  }

  private void end() {
    if (repeat != null) {
      repeat.cancel();
    }
    closeChannels();
    if (watching != null) {
      watching.closeWithRequest();
    } else if (request != null) {
      request.close();
    }
    LOG.info(
        "{} token {}: over, {}{}",
        order.task(),
        order.token(),
        state,
        cause == null ? "" : ": " + cause.message());
  }

  /* ---- what everything above uses ---- */

  private void closeChannels() {
    if (channels != null) {
      channels.close();
      channels = null;
    }
  }

  /** Takes times from the kernel; null: the target has said that the process runs. */
  private void readTimes(RequestStatus last) {
    RequestStatus status = last;
    if (status == null) {
      resumedAt = loop.nanoTime();
      if (request == null) {
        return;
      }
      status = request.status();
      if (status.frozenNs() != 0) {
        downtimeNs = ports.kernel().info().monotonicNs() - status.frozenNs();
      }
    } else if (status.frozenNs() != 0 && status.state() == KernelState.ABORTED) {
      downtimeNs = status.decidedNs() - status.frozenNs();
    }
    frozen |= status.frozenNs() != 0;
    bytesDone = Math.max(bytesDone, status.bytesDone());
    if (status.savedNs() != 0) {
      bytesTotal = status.bytesTotal();
      transferNs = status.savedNs() - status.submittedNs();
    }
  }

  private void report() {
    listener.accept(
        new SourceReport(
            state,
            frozen,
            cause,
            Math.max(bytesTotal, bytesDone),
            bytesDone,
            prepareNs,
            transferNs,
            downtimeNs,
            drainNs,
            remark));
  }

  private void post(Runnable work) {
    loop.post(() -> guarded(work));
  }

  private Loop.Timer after(Duration delay, Runnable work) {
    return loop.after(delay, () -> guarded(work));
  }

  /** What nobody foresaw ends the migration if it still can be ended, and never the loop. */
  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.error("{} token {}: unexpected failure in {}", order.task(), order.token(), state, e);
      fail(
          new Cause(
              Reason.InternalError,
              Component.SourceAgent,
              state.toString(),
              "unexpected failure: " + e + ". " + Reason.InternalError.nextStep()));
    }
  }

  private <T> void answer(
      CompletableFuture<T> future, Consumer<T> reply, Consumer<Throwable> failure) {
    future.whenComplete(
        (value, error) ->
            post(
                () -> {
                  if (error == null) {
                    reply.accept(value);
                  } else {
                    failure.accept(error);
                  }
                }));
  }

  private Duration elapsed(long since) {
    return Duration.ofNanos(loop.nanoTime() - since);
  }

  private Cause unreachable(String step, Throwable failure) {
    return new Cause(
        Reason.PeerUnreachable,
        Component.SourceAgent,
        step,
        "the agent of node "
            + order.peerNode()
            + " at "
            + order.peerAddress()
            + " does not answer ("
            + Optional.ofNullable(failure.getMessage()).orElse(failure.toString())
            + "). "
            + Reason.PeerUnreachable.nextStep());
  }

  private Cause unexpected(Answer reply, String step) {
    return new Cause(
        Reason.AgentLost,
        Component.TargetAgent,
        step,
        "the agent of node "
            + order.peerNode()
            + " answered "
            + reply.outcome()
            + " to "
            + step
            + " for token "
            + order.token()
            + ": it has lost its state. "
            + Reason.AgentLost.nextStep());
  }

  private static Cause storeCause(TokenStoreException failure, String step) {
    Reason reason = failure.isDiskFull() ? Reason.DiskFull : Reason.InternalError;
    return new Cause(
        reason, Component.SourceAgent, step, failure.getMessage() + ". " + reason.nextStep());
  }
}
