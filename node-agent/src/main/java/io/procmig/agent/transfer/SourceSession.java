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
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's side of one token: the coordinator. Lives on its loop; {@link #begin}, {@link
 * #recover}, {@link #giveUp} and {@link #outcome} may be called from any thread.
 */
public final class SourceSession extends Session<SourceState, SourceEvent, SourceAction> {
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
  private final SourceCauses causes;

  private TokenRecord record;
  private TargetPeer.Prepared prepared;
  private DataPlane.Channels channels;
  private RequestWatch.Watching watching;
  private Loop.Timer repeat;
  private long begunAt;
  private long heardAt;
  private long roundTripNs;
  private boolean frozen;
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
    super(
        SourceMachine.TABLE,
        SourceState.PREPARING,
        SourceEvent.GIVE_UP,
        ports.loop(),
        ports.limits(),
        order.task() + " token " + order.token());
    this.order = order;
    this.ports = ports;
    this.loop = ports.loop();
    this.listener = listener;
    this.causes = new SourceCauses(order);
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
            fail(causes.notRecorded(e, "Prepare"));
            return;
          }
          prepare();
        });
  }

  /** What was committed is completed, everything else is undone. */
  @Override
  void takeUp(TokenRecord left) {
    begunAt = loop.nanoTime();
    record = left;
    frozen = left.frozen();
    boolean sameBoot = left.bootId().equals(ports.store().bootId());
    KernelRequest request = sameBoot ? ports.kernel().attach(order.token()).orElse(null) : null;
    setRequest(request);
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
        setCause(new Cause(left.reason(), left.component(), "Recover", left.message()));
        resumeFrom(SourceState.ABORTED, SourceAction.END, TokenOutcome.ABORTED);
      }
    }
  }

  /** What this node says about the token. Any thread. */
  public Answer outcome() {
    return new Answer(published(), cause(), order.pid(), ports.store().bootId(), 0, 0, 0);
  }

  private void undo(boolean sameBoot) {
    // The kernel thawed it when the earlier run went away; whether it had been frozen nobody knows.
    frozen |= sameBoot;
    setCause(sameBoot ? causes.agentRestarted() : causes.nodeRebooted());
    goOnFrom(SourceState.ABORTING, SourceAction.ROLL_BACK);
  }

  private void resumeFrom(SourceState where, SourceAction action, TokenOutcome outcome) {
    setPublished(outcome);
    goOnFrom(where, action);
  }

  @Override
  void act(SourceAction action) {
    switch (action) {
      case NONE -> {}
      case PREPARE -> prepare();
      case PREPARE_LATER -> repeat = later(SourceEvent.PREPARE_DUE);
      case CONNECT -> connect();
      case MEASURE -> measure();
      case START -> start();
      case SUBMIT -> submit();
      case COMMIT -> commit();
      case GO -> go();
      case GO_LATER -> repeat = later(SourceEvent.GO_DUE);
      case DESTROY -> destroy();
      case DESTROY_LATER, REVOKE_LATER -> repeat = later(SourceEvent.TRY_DUE);
      case REVOKE -> revoke();
      case ROLL_BACK -> rollBack();
      case END -> end();
    }
  }

  @Override
  void insist() {
    switch (state()) {
      case RESUMING -> fire(SourceEvent.GO_UNANSWERED);
      case REVOKING, FINISHING -> fire(SourceEvent.TRY_LATER);
      case ABORTING -> fire(SourceEvent.PEER_TOLD);
      case PREPARING,
          CONNECTING,
          MEASURING,
          STARTING,
          TRANSFERRING,
          SAVED,
          READY,
          COMMITTING,
          FINISHED,
          ABORTED -> {}
    }
  }

  @Override
  Cause unforeseen(RuntimeException failure) {
    return causes.unforeseen(failure, state());
  }

  /* ---- before the commit ---- */

  private void prepare() {
    if (elapsed(begunAt).compareTo(ports.limits().prepare()) > 0) {
      fail(causes.notTakenUp(ports.limits().prepare()));
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
            case ABORTED -> fail(causes.abortedThere(reply.answer()));
            case READY, COMMITTED -> fail(causes.unexpected(reply.answer(), "Prepare"));
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
        failure -> fail(causes.unreachable("Measure", failure)));
  }

  private void start() {
    Inspection inspection;
    try {
      inspection =
          ports
              .kernel()
              .inspect(
                  new InspectOrder(
                      order.pid(),
                      order.startTimeTicks(),
                      order.selection(),
                      order.strategy(),
                      order.mechanisms()));
    } catch (KernelException e) {
      fail(KernelCauses.of(e, Component.SourceKernel, "Inspect"));
      return;
    }
    if (!inspection.obstacles().isEmpty()) {
      fail(causes.newObstacle(inspection.obstacles().get(0)));
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
            case ABORTED -> fail(causes.abortedThere(reply));
            case NONE, COMMITTED -> fail(causes.unexpected(reply, "Start"));
          }
        },
        failure -> fail(causes.unreachable("Start", failure)));
  }

  private void submit() {
    KernelRequest request;
    try {
      request =
          ports
              .kernel()
              .checkpoint(
                  new SubmitOrder(
                      order.token(),
                      order.pid(),
                      order.startTimeTicks(),
                      order.selection(),
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
    setRequest(request);
    closeChannels();
    watching = ports.watch().watch(request, events -> post(() -> kernelSaid(request, events)));
    heardAt = loop.nanoTime();
    askReady();
  }

  private void kernelSaid(KernelRequest request, List<RequestEvent> said) {
    SourceState before = state();
    if (before.isTerminal()) {
      // Its descriptor is closed: this was said on the way there.
      return;
    }
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
    if (state() == before) {
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
            case ABORTED -> fail(causes.abortedThere(reply));
            case NONE, COMMITTED -> fail(causes.unexpected(reply, "AwaitReady"));
          }
        },
        failure -> {
          if (elapsed(heardAt).compareTo(ports.limits().peerSilence()) > 0) {
            fail(causes.unreachable("AwaitReady", failure));
          } else if (awaitsPeer()) {
            repeat = after(ports.limits().retryFirst(), this::askReady);
          }
        });
  }

  private boolean awaitsPeer() {
    return state() == SourceState.TRANSFERRING || state() == SourceState.SAVED;
  }

  /* ---- the commit and after ---- */

  private void commit() {
    try {
      write(record.withFrozen().withState(DurableState.COMMITTED));
    } catch (TokenStoreException e) {
      refuseCommit(causes.notRecorded(e, "Commit"));
      return;
    }
    try {
      request().commit();
    } catch (KernelException e) {
      RequestStatus status = request().status();
      if (status.state() != KernelState.COMMITTED) {
        readTimes(status);
        refuseCommit(
            status.error() != 0
                ? KernelCauses.ofSource(status)
                : KernelCauses.of(e, Component.SourceKernel, "Commit"));
        return;
      }
    }
    setPublished(TokenOutcome.COMMITTED);
    fire(SourceEvent.COMMITTED);
  }

  private void refuseCommit(Cause why) {
    fire(SourceEvent.COMMIT_REFUSED, why);
  }

  private void go() {
    answer(
        ports.peer().go(order.token()),
        reply -> {
          switch (reply.outcome()) {
            case COMMITTED -> {
              readResumed();
              fire(SourceEvent.PEER_RUNS);
            }
            case ABORTED -> fire(SourceEvent.PEER_NEVER_RAN, causes.abortedThere(reply));
            case NONE -> {
              remark(causes.noRecordThere());
              fire(SourceEvent.GO_UNANSWERED);
            }
            case UNDECIDED, READY -> fire(SourceEvent.GO_UNANSWERED);
          }
        },
        failure -> {
          remark(causes.silence());
          fire(SourceEvent.GO_UNANSWERED);
        });
  }

  private void destroy() {
    try {
      // Without this record a missing request would look like one that was never committed.
      if (record.state() != DurableState.RUNNING) {
        write(record.withState(DurableState.RUNNING));
      }
      if (isCommittedInKernel()) {
        request().finish();
      }
      write(record.withState(DurableState.FINISHED));
    } catch (KernelException | TokenStoreException e) {
      remark("cannot destroy the frozen copy yet: " + e.getMessage());
      fire(SourceEvent.TRY_LATER);
      return;
    }
    drainNs = loop.nanoTime() - resumedAt;
    fire(SourceEvent.DESTROYED);
  }

  private void revoke() {
    try {
      if (isCommittedInKernel()) {
        request().abortNeverRan();
      }
      if (request() == null) {
        setCause(causes.neverRanAndRebooted(cause()));
      } else {
        readTimes(request().status());
      }
      writeAborted();
    } catch (KernelException | TokenStoreException e) {
      remark("cannot take the commit back yet: " + e.getMessage());
      fire(SourceEvent.TRY_LATER);
      return;
    }
    setPublished(TokenOutcome.ABORTED);
    fire(SourceEvent.REVOKED);
  }

  private boolean isCommittedInKernel() {
    return request() != null && request().status().state() == KernelState.COMMITTED;
  }

  private void rollBack() {
    if (request() != null) {
      try {
        request().abort();
      } catch (KernelException e) {
        // EPROTO: the kernel undid it already.
        LOG.debug("{}: {}", order.token(), e.getMessage());
      }
      readTimes(request().status());
    }
    closeChannels();
    try {
      writeAborted();
    } catch (TokenStoreException e) {
      // Whoever reads the older record comes to the same end, since the request is gone.
      remark(e.getMessage());
    }
    setPublished(TokenOutcome.ABORTED);
    report();
    tellAborted(0);
  }

  private void tellAborted(int told) {
    answer(
        ports.peer().abort(order.token(), cause()),
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
    Reason mine = cause().reason();
    boolean vague = mine == Reason.TransferInterrupted || mine == Reason.WatchdogExpired;
    if (vague
        && reply.cause() != null
        && reply.cause().reason() != Reason.TransferInterrupted
        && reply.cause().component() != Component.SourceAgent
        && reply.cause().component() != Component.SourceKernel) {
      setCause(reply.cause());
      try {
        writeAborted();
      } catch (TokenStoreException e) {
        remark(e.getMessage());
      }
    }
  }

  private void writeAborted() {
    Cause why = cause();
    TokenRecord last = frozen ? record.withFrozen() : record;
    write(last.aborted(why.reason(), why.component(), why.message()));
  }

  private void end() {
    cancel(repeat);
    closeChannels();
    if (watching != null) {
      watching.closeWithRequest();
    } else if (request() != null) {
      request().close();
    }
    sayOver();
  }

  /* ---- what everything above uses ---- */

  private void closeChannels() {
    if (channels != null) {
      channels.close();
      channels = null;
    }
  }

  private void write(TokenRecord next) {
    ports.store().write(next);
    record = next;
  }

  /** The target has said that the process runs. */
  private void readResumed() {
    resumedAt = loop.nanoTime();
    if (request() == null) {
      return;
    }
    RequestStatus status = request().status();
    if (status.frozenNs() != 0) {
      downtimeNs = ports.kernel().info().monotonicNs() - status.frozenNs();
    }
    readTimes(status);
  }

  private void readTimes(RequestStatus status) {
    if (status.frozenNs() != 0 && status.state() == KernelState.ABORTED) {
      downtimeNs = status.decidedNs() - status.frozenNs();
    }
    frozen |= status.frozenNs() != 0;
    bytesDone = Math.max(bytesDone, status.bytesDone());
    if (status.savedNs() != 0) {
      bytesTotal = status.bytesTotal();
      transferNs = status.savedNs() - status.submittedNs();
    }
  }

  @Override
  void report() {
    listener.accept(
        new SourceReport(
            state(),
            frozen,
            cause(),
            Math.max(bytesTotal, bytesDone),
            bytesDone,
            prepareNs,
            transferNs,
            downtimeNs,
            drainNs));
  }

  private Duration elapsed(long since) {
    return Duration.ofNanos(loop.nanoTime() - since);
  }
}
