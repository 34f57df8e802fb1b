// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.KernelState;
import io.procmig.agent.kernel.Medium;
import io.procmig.agent.kernel.RequestEvent;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.RequestStatus;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.token.DurableState;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.token.TokenStore;
import io.procmig.agent.token.TokenStoreException;
import io.procmig.api.v1alpha1.Component;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The target's side of one token: the daemon. It obeys its source, and once it is READY it never
 * decides alone. Lives on its loop; the public methods may be called from any thread.
 */
public final class TargetSession extends Session<TargetState, TargetEvent, TargetAction> {
  /** What a session works with. */
  public record Ports(
      Kernel kernel,
      TokenStore store,
      SourcePeer peer,
      DataPlane data,
      StubLauncher stub,
      RequestWatch watch,
      Loop loop,
      TransferLimits limits) {}

  /** The kernel wants a limit; a restart has no threads to quiesce. */
  private static final int QUIESCE_MS = 10_000;

  private final TargetPeer.PrepareOrder order;
  private final TaskRef task;
  private final Ports ports;
  private final Loop loop;
  private final Consumer<TargetReport> listener;
  private final TargetCauses causes;
  private final List<CompletableFuture<Answer>> waiters = new ArrayList<>();

  private volatile long bytesDone;
  private volatile TokenRecord record;
  private DataPlane.Listening listening;
  private DataPlane.Channels channels;
  private RequestWatch.Watching watching;
  private Loop.Timer expiry;
  private Loop.Timer repeat;
  private boolean asking;
  private Start start;
  private long bytesTotal;
  private long restoreNs = -1;

  private record Start(long monotonicNs, long boottimeNs, long arrivedAt) {}

  /**
   * A session that has not begun.
   *
   * @param order what the source told, or what the record still knows of it
   * @param task the task of this side
   * @param listener told of every change, on the loop; the last report has a terminal state
   */
  public TargetSession(
      TargetPeer.PrepareOrder order, TaskRef task, Ports ports, Consumer<TargetReport> listener) {
    super(
        TargetMachine.TABLE,
        TargetState.LISTENING,
        TargetEvent.GIVE_UP,
        ports.loop(),
        ports.limits(),
        task + " token " + order.token());
    this.order = order;
    this.task = task;
    this.ports = ports;
    this.loop = ports.loop();
    this.listener = listener;
    this.causes = new TargetCauses(order, task.node());
  }

  /** Begins to listen; answers where, or why not. */
  public CompletableFuture<TargetPeer.Prepared> begin() {
    CompletableFuture<TargetPeer.Prepared> reply = new CompletableFuture<>();
    post(
        () -> {
          record =
              new TokenRecord(
                  TokenRecord.VERSION,
                  order.token().toString(),
                  RequestRole.TARGET,
                  DurableState.PREPARED,
                  ports.store().bootId(),
                  task.key(),
                  task.uid(),
                  task.migration(),
                  order.pid(),
                  0,
                  order.sourceNode(),
                  order.sourceControlAddress(),
                  null,
                  null,
                  null,
                  false,
                  0,
                  0,
                  0);
          try {
            ports.store().write(record);
            listening = ports.data().listen(order.channels(), up -> post(() -> channelsUp(up)));
          } catch (TokenStoreException e) {
            fail(causes.notRecorded(e, "Prepare"));
          } catch (TransferException e) {
            fail(e.failure());
          }
          if (listening != null) {
            Duration patience = ports.limits().listen();
            expiry = after(patience, () -> fail(causes.notConnected(patience)));
          }
          report();
          reply.complete(prepared());
        });
    return reply;
  }

  /** A READY target waits on and asks, a decided one is completed, everything else is undone. */
  @Override
  void takeUp(TokenRecord left) {
    record = left;
    boolean sameBoot = left.bootId().equals(ports.store().bootId());
    KernelRequest request = sameBoot ? ports.kernel().attach(order.token()).orElse(null) : null;
    setRequest(request);
    KernelState kernelState = request == null ? null : request.status().state();
    if (request != null) {
      watch();
    }
    switch (left.state()) {
      case PREPARED -> undo(sameBoot);
      case READY, COMMITTED -> {
        if (kernelState == KernelState.READY) {
          resumeFrom(TargetState.READY, TargetAction.ASK, TokenOutcome.READY);
        } else {
          // The request outlives its descriptors while it is ready: it was undone.
          undo(sameBoot);
        }
      }
      case RESUMING -> {
        if (kernelState == KernelState.READY) {
          resumeFrom(TargetState.RESUMING, TargetAction.RESUME, TokenOutcome.READY);
        } else if (kernelState == KernelState.RUNNING || !sameBoot) {
          // After a reboot nobody can tell whether it ran; only a proof that it did not counts.
          resumeFrom(TargetState.RUNNING, TargetAction.FREE, TokenOutcome.COMMITTED);
        } else {
          undo(true);
        }
      }
      case RUNNING -> resumeFrom(TargetState.RUNNING, TargetAction.FREE, TokenOutcome.COMMITTED);
      case FINISHED -> resumeFrom(TargetState.FINISHED, TargetAction.END, TokenOutcome.COMMITTED);
      case ABORTED -> {
        setCause(new Cause(left.reason(), left.component(), "Recover", left.message()));
        resumeFrom(TargetState.ABORTED, TargetAction.END, TokenOutcome.ABORTED);
      }
    }
  }

  /** Where this session listens, for a Prepare that is repeated. */
  public CompletableFuture<TargetPeer.Prepared> prepareAgain() {
    CompletableFuture<TargetPeer.Prepared> reply = new CompletableFuture<>();
    post(() -> reply.complete(prepared()));
    return reply;
  }

  /** The source says: submit, and start the stub. */
  public CompletableFuture<Answer> start(long monotonicNs, long boottimeNs) {
    long arrivedAt = loop.nanoTime();
    return ordered(
        () -> {
          start = new Start(monotonicNs, boottimeNs, arrivedAt);
          fire(TargetEvent.START);
          if (state() == TargetState.LISTENING) {
            fail(causes.startedTooEarly());
          }
        });
  }

  /** Answers when this side is ready or over, and after {@code wait} in any case. */
  public CompletableFuture<Answer> awaitReady(Duration wait) {
    CompletableFuture<Answer> reply = new CompletableFuture<>();
    post(
        () -> {
          if (published() != TokenOutcome.UNDECIDED) {
            reply.complete(outcome());
            return;
          }
          waiters.add(reply);
          after(
              wait,
              () -> {
                waiters.remove(reply);
                reply.complete(outcome());
              });
        });
    return reply;
  }

  /** The source says that it is committed. Answers as soon as the process runs. */
  public CompletableFuture<Answer> go() {
    CompletableFuture<Answer> reply = new CompletableFuture<>();
    post(
        () -> {
          if (published() == TokenOutcome.READY) {
            // Freeing the request, which follows in the same turn, is not worth waiting for.
            waiters.add(reply);
          }
          fire(TargetEvent.DECIDED);
          waiters.remove(reply);
          reply.complete(outcome());
        });
    return reply;
  }

  /** The source says that it has given up. */
  public CompletableFuture<Answer> abort(Cause why) {
    return ordered(() -> fire(TargetEvent.CALLED_OFF, why));
  }

  /** What this node says about the token. Any thread. */
  public Answer outcome() {
    return answer(published());
  }

  private Answer answer(TokenOutcome outcome) {
    TokenRecord last = record;
    return new Answer(
        outcome,
        cause(),
        order.pid(),
        ports.store().bootId(),
        last == null ? 0 : last.readyNs(),
        last == null ? 0 : last.resumedNs(),
        bytesDone);
  }

  private TargetPeer.Prepared prepared() {
    if (state() == TargetState.LISTENING && listening != null) {
      return new TargetPeer.Prepared(outcome(), listening.address());
    }
    // Whatever the record says: what never was prepared will not run.
    boolean refused = listening == null && cause() != null;
    return new TargetPeer.Prepared(refused ? answer(TokenOutcome.ABORTED) : outcome(), null);
  }

  private void undo(boolean sameBoot) {
    setCause(sameBoot ? causes.agentRestarted() : causes.nodeRebooted());
    goOnFrom(TargetState.ABORTING, TargetAction.UNDO);
  }

  private void resumeFrom(TargetState where, TargetAction action, TokenOutcome outcome) {
    setPublished(outcome);
    goOnFrom(where, action);
  }

  private CompletableFuture<Answer> ordered(Runnable work) {
    CompletableFuture<Answer> reply = new CompletableFuture<>();
    post(
        () -> {
          work.run();
          reply.complete(outcome());
        });
    return reply;
  }

  private void channelsUp(DataPlane.Channels up) {
    if (state() != TargetState.LISTENING) {
      up.close();
      return;
    }
    channels = up;
    fire(TargetEvent.CHANNELS_UP);
  }

  @Override
  void act(TargetAction action) {
    switch (action) {
      case NONE -> {}
      case LAUNCH -> launch();
      case ANNOUNCE -> announce();
      case ASK -> ask();
      case RESUME -> resume();
      case FREE -> free();
      case UNDO -> undoNow();
      case RESUME_LATER, FREE_LATER, UNDO_LATER -> repeat = later(TargetEvent.TRY_DUE);
      case END -> end();
    }
  }

  @Override
  void insist() {
    switch (state()) {
      case READY -> fire(TargetEvent.SILENCE);
      case RESUMING, RUNNING, ABORTING -> fire(TargetEvent.TRY_LATER);
      case LISTENING, CONNECTED, LOADING, REBUILT, FINISHED, ABORTED -> {}
    }
  }

  @Override
  Cause unforeseen(RuntimeException failure) {
    return causes.unforeseen(failure, state());
  }

  /* ---- before READY: this side may still give up alone ---- */

  private void launch() {
    cancel(expiry);
    listening.close();
    try {
      setRequest(
          ports
              .kernel()
              .restart(
                  new SubmitOrder(
                      order.token(),
                      order.pid(),
                      0,
                      Selection.TREE,
                      order.strategy(),
                      Medium.SOCKET,
                      channels.descriptors(),
                      order.mechanisms(),
                      order.watchdogMs(),
                      QUIESCE_MS)));
      closeChannels();
      watch();
      long sinceArrival = loop.nanoTime() - start.arrivedAt();
      var here = ports.kernel().info();
      ports
          .stub()
          .launch(
              new StubLauncher.Order(
                  order.token(),
                  order.pid(),
                  start.monotonicNs() + sinceArrival - here.monotonicNs(),
                  start.boottimeNs() + sinceArrival - here.boottimeNs()));
    } catch (KernelException e) {
      fail(KernelCauses.of(e, Component.TargetKernel, "Start"));
    } catch (TransferException e) {
      fail(e.failure());
    }
  }

  private void watch() {
    watching = ports.watch().watch(request(), events -> post(() -> kernelSaid(events)));
  }

  private void kernelSaid(List<RequestEvent> said) {
    TargetState before = state();
    if (before.isTerminal()) {
      // Its descriptor is closed: this was said on the way there.
      return;
    }
    for (RequestEvent event : said) {
      bytesDone = Math.max(bytesDone, event.bytesDone());
      switch (event.state()) {
        case READY -> fire(TargetEvent.KERNEL_READY);
        case ABORTING, ABORTED -> fire(TargetEvent.KERNEL_ABORTED, kernelCause());
        case NEW, QUIESCING, SAVING, SAVED, COMMITTED, LOADING, RUNNING, FINISHED -> {}
      }
    }
    if (state() == before) {
      // Otherwise that was told already.
      report();
    }
  }

  private Cause kernelCause() {
    Cause fromKernel = KernelCauses.ofTarget(request().status());
    String complaint = ports.stub().complaint(order.token());
    return complaint.isEmpty()
        ? fromKernel
        : new Cause(
            fromKernel.reason(),
            Component.Stub,
            fromKernel.step(),
            fromKernel.message() + " The stub said: " + complaint);
  }

  private void announce() {
    RequestStatus status = request().status();
    bytesDone = status.bytesDone();
    bytesTotal = status.bytesDone();
    restoreNs = status.readyNs() - status.submittedNs();
    try {
      write(record.withState(DurableState.READY).withTimes(status.readyNs(), 0));
    } catch (TokenStoreException e) {
      fail(causes.notRecorded(e, "Restore"));
      return;
    }
    publish(TokenOutcome.READY);
    fire(TargetEvent.ANNOUNCED);
    askLater();
  }

  /* ---- READY and after: the source decides ---- */

  private void askLater() {
    cancel(repeat);
    int asked = nextAttempt();
    Duration pause = ports.limits().askAfter();
    for (int i = 0; i < asked && pause.compareTo(ports.limits().retryMost()) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    repeat = after(pause, () -> fire(TargetEvent.SILENCE));
  }

  private void ask() {
    if (asking) {
      return;
    }
    asking = true;
    answer(
        ports.peer().outcome(order.token()),
        answer -> {
          asking = false;
          told(answer);
          askAgain();
        },
        failure -> {
          asking = false;
          remark(causes.silence());
          askAgain();
        });
  }

  private void askAgain() {
    if (state() == TargetState.READY) {
      askLater();
    }
  }

  private void told(Answer answer) {
    switch (answer.outcome()) {
      case UNDECIDED, READY -> {}
      case COMMITTED -> fire(TargetEvent.DECIDED);
      case ABORTED ->
          fire(
              TargetEvent.CALLED_OFF,
              answer.cause() == null ? causes.sourceGaveUp() : answer.cause());
      // It records before it prepares and keeps what is not over: it was never committed.
      case NONE -> fire(TargetEvent.CALLED_OFF, causes.nothingOnRecordThere());
    }
  }

  private void resume() {
    cancel(repeat);
    try {
      if (record.state() != DurableState.RESUMING) {
        write(record.withState(DurableState.RESUMING));
      }
    } catch (TokenStoreException e) {
      resumeLater(e);
      return;
    }
    try {
      request().commit();
    } catch (KernelException e) {
      switch (request().status().state()) {
        case RUNNING, FINISHED -> {}
        case ABORTING, ABORTED -> {
          fire(TargetEvent.RESUME_REFUSED, kernelCause());
          return;
        }
        case NEW, QUIESCING, SAVING, SAVED, COMMITTED, LOADING, READY -> {
          resumeLater(e);
          return;
        }
      }
    }
    RequestStatus status = request().status();
    record = record.withTimes(status.readyNs(), status.decidedNs());
    publish(TokenOutcome.COMMITTED);
    fire(TargetEvent.RESUMED);
  }

  private void resumeLater(RuntimeException why) {
    remark("the process cannot be resumed yet: " + why.getMessage());
    fire(TargetEvent.TRY_LATER);
  }

  private void free() {
    try {
      if (record.state() != DurableState.RUNNING) {
        write(record.withState(DurableState.RUNNING));
      }
      if (request() != null && request().status().state() == KernelState.RUNNING) {
        request().finish();
      }
      write(record.withState(DurableState.FINISHED));
    } catch (KernelException | TokenStoreException e) {
      remark("the request cannot be freed yet: " + e.getMessage());
      fire(TargetEvent.TRY_LATER);
      return;
    }
    fire(TargetEvent.FREED);
  }

  private void undoNow() {
    cancel(expiry);
    cancel(repeat);
    if (listening != null) {
      listening.close();
    }
    closeChannels();
    try {
      undoInKernel();
      Cause why = cause();
      // Not said before it is durable: the source may take its commit back on our word.
      write(record.aborted(why.reason(), why.component(), why.message()));
    } catch (KernelException | TokenStoreException e) {
      remark("cannot undo yet: " + e.getMessage());
      fire(TargetEvent.TRY_LATER);
      return;
    }
    publish(TokenOutcome.ABORTED);
    fire(TargetEvent.UNDONE);
  }

  private void undoInKernel() {
    if (request() == null || request().status().state() == KernelState.ABORTED) {
      return;
    }
    try {
      request().abort();
    } catch (KernelException e) {
      // It may have undone itself meanwhile.
      if (request().status().state() != KernelState.ABORTED) {
        throw e;
      }
    }
  }

  private void end() {
    cancel(expiry);
    cancel(repeat);
    if (watching != null) {
      watching.closeWithRequest();
    } else if (request() != null) {
      request().close();
    }
    sayOver();
  }

  /* ---- what everything above uses ---- */

  private void write(TokenRecord next) {
    ports.store().write(next);
    record = next;
  }

  private void publish(TokenOutcome outcome) {
    setPublished(outcome);
    Answer answer = outcome();
    for (CompletableFuture<Answer> waiter : waiters) {
      waiter.complete(answer);
    }
    waiters.clear();
  }

  private void closeChannels() {
    if (channels != null) {
      channels.close();
      channels = null;
    }
  }

  @Override
  void report() {
    listener.accept(
        new TargetReport(state(), cause(), order.pid(), bytesTotal, bytesDone, restoreNs));
  }
}
