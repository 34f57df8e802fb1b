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
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The target's side of one token: the daemon. It obeys its source, and once it is READY it never
 * decides alone. Lives on its loop; the public methods may be called from any thread.
 */
public final class TargetSession {
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

  private static final Logger LOG = LoggerFactory.getLogger(TargetSession.class);

  /** The kernel wants a limit; a restart has no threads to quiesce. */
  private static final int QUIESCE_MS = 10_000;

  private final TargetPeer.PrepareOrder order;
  private final TaskRef task;
  private final Ports ports;
  private final Loop loop;
  private final Consumer<TargetReport> listener;
  private final Deque<TargetEvent> events = new ArrayDeque<>();
  private final List<CompletableFuture<Answer>> waiters = new ArrayList<>();
  private final List<String> walked = new ArrayList<>();
  private boolean draining;

  private volatile TokenOutcome published = TokenOutcome.UNDECIDED;
  private volatile Cause cause;
  private volatile long bytesDone;
  private TargetState state = TargetState.LISTENING;
  private volatile TokenRecord record;
  private DataPlane.Listening listening;
  private DataPlane.Channels channels;
  private KernelRequest request;
  private RequestWatch.Watching watching;
  private Loop.Timer expiry;
  private Loop.Timer repeat;
  private int attempt;
  private boolean asking;
  private Start start;
  private String remark;
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
    this.order = order;
    this.task = task;
    this.ports = ports;
    this.loop = ports.loop();
    this.listener = listener;
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
            fail(storeCause(e, "Prepare"));
          } catch (TransferException e) {
            fail(e.failure());
          }
          if (listening != null) {
            expiry =
                after(
                    ports.limits().listen(),
                    () ->
                        fail(
                            new Cause(
                                Reason.PeerUnreachable,
                                Component.TargetAgent,
                                "Prepare",
                                "the agent of node "
                                    + order.sourceNode()
                                    + " did not connect and start within "
                                    + ports.limits().listen().toSeconds()
                                    + " s. "
                                    + Reason.PeerUnreachable.nextStep())));
          }
          report();
          reply.complete(prepared());
        });
    return reply;
  }

  /**
   * Continues what an earlier run of the agent began: a READY target waits on and asks, a decided
   * one is completed, everything else is undone.
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
            LOG.error("{} token {}: cannot recover yet", task, order.token(), e);
            loop.after(ports.limits().pause(attempt++), () -> recover(left));
          }
        });
  }

  private void recoverNow(TokenRecord left) {
    record = left;
    boolean sameBoot = left.bootId().equals(ports.store().bootId());
    request = sameBoot ? ports.kernel().attach(order.token()).orElse(null) : null;
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
        cause = new Cause(left.reason(), left.component(), "Recover", left.message());
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
          if (state == TargetState.LISTENING) {
            fail(
                new Cause(
                    Reason.TransferInterrupted,
                    Component.TargetAgent,
                    "Start",
                    "the source of token "
                        + order.token()
                        + " ordered the start before all data connections stood. "
                        + Reason.TransferInterrupted.nextStep()));
          }
        });
  }

  /** Answers when this side is ready or over, and after {@code wait} in any case. */
  public CompletableFuture<Answer> awaitReady(Duration wait) {
    CompletableFuture<Answer> reply = new CompletableFuture<>();
    post(
        () -> {
          if (published != TokenOutcome.UNDECIDED) {
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
          if (published == TokenOutcome.READY) {
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
    return ordered(() -> calledOff(why));
  }

  /** Stops if this side may still decide alone; without effect once it is ready. */
  public void giveUp(Cause why) {
    post(() -> fail(why));
  }

  /** What this node says about the token. Any thread. */
  public Answer outcome() {
    TokenRecord last = record;
    return new Answer(
        published,
        cause,
        order.pid(),
        ports.store().bootId(),
        last == null ? 0 : last.readyNs(),
        last == null ? 0 : last.resumedNs(),
        bytesDone);
  }

  private TargetPeer.Prepared prepared() {
    boolean waits = state == TargetState.LISTENING && listening != null;
    return new TargetPeer.Prepared(outcome(), waits ? listening.address() : null);
  }

  private void undo(boolean sameBoot) {
    Reason reason = sameBoot ? Reason.AgentRestarted : Reason.TargetNodeLost;
    cause =
        new Cause(
            reason,
            Component.TargetAgent,
            "Recover",
            (sameBoot ? "the agent of node " : "node ")
                + task.node()
                + (sameBoot ? " restarted" : " rebooted")
                + " before process "
                + order.pid()
                + " ran there; it never will. "
                + reason.nextStep());
    state = TargetState.ABORTING;
    act(TargetAction.UNDO);
    drain();
  }

  private void resumeFrom(TargetState where, TargetAction action, TokenOutcome outcome) {
    state = where;
    published = outcome;
    LOG.info("{} token {}: recovered in state {}", task, order.token(), where);
    report();
    act(action);
    drain();
  }

  /* ---- events ---- */

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
    if (TargetMachine.next(state, TargetEvent.CHANNELS_UP) == null) {
      up.close();
      return;
    }
    channels = up;
    fire(TargetEvent.CHANNELS_UP);
  }

  private void calledOff(Cause why) {
    remember(TargetEvent.CALLED_OFF, why);
    fire(TargetEvent.CALLED_OFF);
  }

  private void fail(Cause why) {
    remember(TargetEvent.GIVE_UP, why);
    fire(TargetEvent.GIVE_UP);
  }

  private void remember(TargetEvent event, Cause why) {
    if (TargetMachine.next(state, event) != null && cause == null) {
      cause = why;
      LOG.warn("{} token {}: giving up in {}: {}", task, order.token(), state, why.message());
    }
  }

  private void fire(TargetEvent event) {
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
      for (TargetEvent event = events.poll(); event != null; event = events.poll()) {
        Step<TargetState, TargetAction> step = TargetMachine.next(state, event);
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
        task,
        order.token(),
        request == null ? "" : " request " + request.id(),
        String.join(", ", walked));
    walked.clear();
    report();
  }

  private void act(TargetAction action) {
    switch (action) {
      case NONE -> {}
      case LAUNCH -> launch();
      case ANNOUNCE -> announce();
      case ASK -> ask();
      case RESUME -> resume();
      case FREE -> free();
      case UNDO -> undoNow();
      case RESUME_LATER, FREE_LATER, UNDO_LATER ->
          repeat = after(ports.limits().pause(attempt++), () -> fire(TargetEvent.TRY_DUE));
      case END -> end();
    }
  }

  /* ---- before READY: this side may still give up alone ---- */

  private void launch() {
    cancel(expiry);
    listening.close();
    try {
      request =
          ports
              .kernel()
              .restart(
                  new SubmitOrder(
                      order.token(),
                      order.pid(),
                      0,
                      order.strategy(),
                      Medium.SOCKET,
                      channels.descriptors(),
                      order.mechanisms(),
                      order.watchdogMs(),
                      QUIESCE_MS));
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
    KernelRequest watched = request;
    watching = ports.watch().watch(watched, events -> post(() -> kernelSaid(watched, events)));
  }

  private void kernelSaid(KernelRequest from, List<RequestEvent> said) {
    if (from != request) {
      return;
    }
    TargetState before = state;
    for (RequestEvent event : said) {
      bytesDone = Math.max(bytesDone, event.bytesDone());
      switch (event.state()) {
        case READY -> fire(TargetEvent.KERNEL_READY);
        case ABORTING, ABORTED -> {
          remember(TargetEvent.KERNEL_ABORTED, kernelCause());
          fire(TargetEvent.KERNEL_ABORTED);
        }
        case NEW, QUIESCING, SAVING, SAVED, COMMITTED, LOADING, RUNNING, FINISHED -> {}
      }
    }
    if (state == before) {
      // Otherwise that was told already.
      report();
    }
  }

  private Cause kernelCause() {
    Cause fromKernel = KernelCauses.ofTarget(request.status());
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
    RequestStatus status = request.status();
    bytesDone = status.bytesDone();
    bytesTotal = status.bytesDone();
    restoreNs = status.readyNs() - status.submittedNs();
    record = record.withState(DurableState.READY).withTimes(status.readyNs(), 0);
    try {
      ports.store().write(record);
    } catch (TokenStoreException e) {
      fail(storeCause(e, "Restore"));
      return;
    }
    publish(TokenOutcome.READY);
    fire(TargetEvent.ANNOUNCED);
    askLater();
  }

  /* ---- READY and after: the source decides ---- */

  private void askLater() {
    cancel(repeat);
    Duration pause = ports.limits().askAfter();
    for (int i = 0; i < attempt && pause.compareTo(ports.limits().retryMost()) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    attempt++;
    repeat = after(pause, () -> fire(TargetEvent.SILENCE));
  }

  private void ask() {
    if (asking) {
      return;
    }
    asking = true;
    ports
        .peer()
        .outcome(order.token())
        .whenComplete(
            (answer, failure) ->
                post(
                    () -> {
                      asking = false;
                      if (failure == null) {
                        told(answer);
                      } else {
                        remark =
                            "the process is ready here, and the agent of node "
                                + order.sourceNode()
                                + " does not answer what was decided";
                        report();
                      }
                      if (state == TargetState.READY) {
                        askLater();
                      }
                    }));
  }

  private void told(Answer answer) {
    switch (answer.outcome()) {
      case UNDECIDED, READY -> remark = null;
      case COMMITTED -> fire(TargetEvent.DECIDED);
      case ABORTED ->
          calledOff(
              answer.cause() != null
                  ? answer.cause()
                  : new Cause(
                      Reason.AgentLost,
                      Component.SourceAgent,
                      "Outcome",
                      "the source of token " + order.token() + " gave up"));
      case NONE ->
          // It records before it prepares and keeps what is not over: it was never committed.
          calledOff(
              new Cause(
                  Reason.AgentLost,
                  Component.SourceAgent,
                  "Outcome",
                  "node "
                      + order.sourceNode()
                      + " has nothing on record for token "
                      + order.token()
                      + ". "
                      + Reason.AgentLost.nextStep()));
    }
  }

  private void resume() {
    cancel(repeat);
    try {
      if (record.state() != DurableState.RESUMING) {
        TokenRecord next = record.withState(DurableState.RESUMING);
        ports.store().write(next);
        record = next;
      }
    } catch (TokenStoreException e) {
      LOG.error("{} token {}: cannot resume yet: {}", task, order.token(), e.getMessage());
      remark = e.getMessage();
      fire(TargetEvent.TRY_LATER);
      return;
    }
    try {
      request.commit();
    } catch (KernelException e) {
      switch (request.status().state()) {
        case RUNNING, FINISHED -> {}
        case ABORTING, ABORTED -> {
          cause = kernelCause();
          fire(TargetEvent.RESUME_REFUSED);
          return;
        }
        case NEW, QUIESCING, SAVING, SAVED, COMMITTED, LOADING, READY -> {
          LOG.error("{} token {}: cannot resume yet: {}", task, order.token(), e.getMessage());
          remark = e.getMessage();
          fire(TargetEvent.TRY_LATER);
          return;
        }
      }
    }
    remark = null;
    RequestStatus status = request.status();
    record = record.withTimes(status.readyNs(), status.decidedNs());
    publish(TokenOutcome.COMMITTED);
    fire(TargetEvent.RESUMED);
  }

  private void free() {
    try {
      if (record.state() != DurableState.RUNNING) {
        TokenRecord next = record.withState(DurableState.RUNNING);
        ports.store().write(next);
        record = next;
      }
      if (request != null && request.status().state() == KernelState.RUNNING) {
        request.finish();
      }
      record = record.withState(DurableState.FINISHED);
      ports.store().write(record);
    } catch (KernelException | TokenStoreException e) {
      LOG.error(
          "{} token {}: cannot free the request yet: {}", task, order.token(), e.getMessage());
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
      record = record.aborted(cause.reason(), cause.component(), cause.message());
      ports.store().write(record);
    } catch (KernelException e) {
      LOG.error("{} token {}: cannot undo yet: {}", task, order.token(), e.getMessage());
      fire(TargetEvent.TRY_LATER);
      return;
    } catch (TokenStoreException e) {
      // Not said before it is durable: the source may take its commit back on our word.
      LOG.error("{} token {}: {}", task, order.token(), e.getMessage());
      fire(TargetEvent.TRY_LATER);
      return;
    }
    publish(TokenOutcome.ABORTED);
    fire(TargetEvent.UNDONE);
  }

  private void undoInKernel() {
    if (request == null || request.status().state() == KernelState.ABORTED) {
      return;
    }
    try {
      request.abort();
    } catch (KernelException e) {
      // It may have undone itself meanwhile.
      if (request.status().state() != KernelState.ABORTED) {
        throw e;
      }
    }
  }

  private void end() {
    cancel(expiry);
    cancel(repeat);
    if (watching != null) {
      watching.closeWithRequest();
    } else if (request != null) {
      request.close();
    }
    LOG.info(
        "{} token {}: over, {}{}",
        task,
        order.token(),
        state,
        cause == null ? "" : ": " + cause.message());
  }

  /* ---- what everything above uses ---- */

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
      LOG.error("{} token {}: unexpected failure in {}", task, order.token(), state, e);
      fail(
          new Cause(
              Reason.InternalError,
              Component.TargetAgent,
              state.toString(),
              "unexpected failure: " + e + ". " + Reason.InternalError.nextStep()));
    }
  }

  private void publish(TokenOutcome outcome) {
    published = outcome;
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

  private static void cancel(Loop.Timer timer) {
    if (timer != null) {
      timer.cancel();
    }
  }

  private void report() {
    listener.accept(
        new TargetReport(state, cause, order.pid(), bytesTotal, bytesDone, restoreNs, remark));
  }

  private static Cause storeCause(TokenStoreException failure, String step) {
    Reason reason = failure.isDiskFull() ? Reason.DiskFull : Reason.InternalError;
    return new Cause(
        reason, Component.TargetAgent, step, failure.getMessage() + ". " + reason.nextStep());
  }
}
