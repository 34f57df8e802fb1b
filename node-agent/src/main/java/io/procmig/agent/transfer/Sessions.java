// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.token.DurableState;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.token.TokenStore;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sessions of this node by token, and what is answered about tokens that have none. Safe for
 * use by several threads; nothing blocks.
 */
public final class Sessions {
  /**
   * What sessions are made with.
   *
   * @param node name of this node
   * @param kernel the modules
   * @param store durable records
   * @param targetPeer connects to the target's agent at a control address
   * @param sourcePeer connects to the source's agent
   * @param data makes the data connections
   * @param stub starts stubs
   * @param watch waits for kernel events
   * @param loop makes a loop for one session
   * @param limits how long things may take
   */
  public record Ports(
      String node,
      Kernel kernel,
      TokenStore store,
      Function<String, TargetPeer> targetPeer,
      Function<String, SourcePeer> sourcePeer,
      DataPlane data,
      StubLauncher stub,
      RequestWatch watch,
      Supplier<Loop> loop,
      TransferLimits limits) {}

  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  private final Ports ports;
  private final TaskDirectory tasks;
  private final Map<Token, SourceSession> sources = new HashMap<>();
  private final Map<Token, TargetSession> targets = new HashMap<>();
  private boolean closing;

  /** No sessions yet; call {@link #recover} before anything else. */
  public Sessions(Ports ports, TaskDirectory tasks) {
    this.ports = ports;
    this.tasks = tasks;
  }

  /** Makes sessions for all tokens that are not over. Once, before peers are served. */
  public synchronized void recover() {
    for (TokenRecord record : ports.store().readAll()) {
      if (record.state().isTerminal()) {
        continue;
      }
      LOG.info(
          "token {} of task {}: continuing as {} from record {}",
          record.token(),
          record.task(),
          record.role(),
          record.state());
      Token token = Token.parse(record.token());
      if (record.role() == RequestRole.SOURCE) {
        source(orderOf(record)).recover(record);
      } else {
        TargetPeer.PrepareOrder order =
            new TargetPeer.PrepareOrder(
                token,
                record.peerNode(),
                record.peerAddress(),
                record.pid(),
                Strategy.STOP_AND_COPY,
                List.of(),
                List.of(),
                0);
        target(order, taskOf(record)).recover(record);
      }
    }
  }

  /**
   * Begins a migration away from this node. A token that is known here already is not begun again:
   * its session, or its record, reports instead.
   */
  public synchronized void begin(SourceOrder order) {
    if (sources.containsKey(order.token())) {
      return;
    }
    Optional<TokenRecord> known = ports.store().read(order.token());
    if (known.isPresent()) {
      source(order).recover(known.get());
    } else {
      source(order).begin();
    }
  }

  /** Gives up every session that still may: those with this token, as source or as target. */
  public synchronized void giveUp(Token token, Cause why) {
    SourceSession source = sources.get(token);
    if (source != null) {
      source.giveUp(why);
    }
    TargetSession target = targets.get(token);
    if (target != null) {
      target.giveUp(why);
    }
  }

  /** Takes nothing new, and gives up what is not committed. */
  public synchronized void close(Cause why) {
    closing = true;
    sources.values().forEach(session -> session.giveUp(why));
    targets.values().forEach(session -> session.giveUp(why));
  }

  /**
   * Waits until no session is open.
   *
   * @return false if some still are when the time is over
   */
  public synchronized boolean awaitNone(Duration timeout) throws InterruptedException {
    long bound = System.nanoTime() + timeout.toNanos();
    while (open() > 0) {
      long left = bound - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      // Rounded up: zero would wait for ever.
      wait(left / 1_000_000 + 1);
    }
    return true;
  }

  /** Sessions that are not over. */
  public synchronized int open() {
    return sources.size() + targets.size();
  }

  /** Whether this token has a session. */
  public synchronized boolean isOpen(Token token) {
    return sources.containsKey(token) || targets.containsKey(token);
  }

  /** Reports how a token that is over ended here, for a task that has not heard it. */
  public synchronized void replay(TaskRef task, Token token) {
    if (isOpen(token)) {
      return;
    }
    ports
        .store()
        .read(token)
        .filter(record -> record.state().isTerminal())
        .ifPresent(
            record -> {
              boolean finished = record.state() == DurableState.FINISHED;
              Cause cause = answerOf(record).cause();
              if (record.role() == RequestRole.SOURCE) {
                tasks.reported(
                    task,
                    token,
                    new SourceReport(
                        finished ? SourceState.FINISHED : SourceState.ABORTED,
                        record.frozen(),
                        cause,
                        0,
                        0,
                        -1,
                        -1,
                        -1,
                        -1));
              } else {
                tasks.reported(
                    task,
                    token,
                    new TargetReport(
                        finished ? TargetState.FINISHED : TargetState.ABORTED,
                        cause,
                        record.pid(),
                        0,
                        0,
                        -1));
              }
            });
  }

  /** Whether anything is on record for this token. */
  public boolean knows(Token token) {
    return isOpen(token) || ports.store().read(token).isPresent();
  }

  /** The target's side: listens for one token if a task of this node says so. */
  public synchronized CompletableFuture<TargetPeer.Prepared> prepare(
      TargetPeer.PrepareOrder order) {
    TargetSession open = targets.get(order.token());
    if (open != null) {
      return open.prepareAgain();
    }
    Optional<TokenRecord> known = ports.store().read(order.token());
    if (known.isPresent()) {
      return CompletableFuture.completedFuture(
          new TargetPeer.Prepared(answerOf(known.get()), null));
    }
    if (closing) {
      return CompletableFuture.completedFuture(
          new TargetPeer.Prepared(
              Answer.aborted(
                  Reason.AgentLost,
                  Component.TargetAgent,
                  "Prepare",
                  "the agent of node "
                      + ports.node()
                      + " is stopping. "
                      + Reason.AgentLost.nextStep(),
                  ports.store().bootId()),
              null));
    }
    Optional<TaskRef> task = tasks.target(order.token(), order.sourceNode());
    if (task.isEmpty()) {
      return CompletableFuture.completedFuture(
          new TargetPeer.Prepared(Answer.of(TokenOutcome.NONE, ports.store().bootId()), null));
    }
    return target(order, task.get()).begin();
  }

  /** The target's side: submits and starts the stub. */
  public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
    return onTarget(token, session -> session.start(monotonicNs, boottimeNs));
  }

  /** The target's side: answers when it is ready or over. */
  public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
    return onTarget(token, session -> session.awaitReady(wait));
  }

  /** The target's side: resumes. */
  public CompletableFuture<Answer> go(Token token) {
    return onTarget(token, TargetSession::go);
  }

  /** The target's side: undoes. A token that is not known yet will not be prepared any more. */
  public synchronized CompletableFuture<Answer> abort(Token token, String sourceNode, Cause why) {
    if (!targets.containsKey(token) && ports.store().read(token).isEmpty()) {
      Optional<TaskRef> task = tasks.target(token, sourceNode);
      if (task.isPresent()) {
        ports
            .store()
            .write(
                new TokenRecord(
                    TokenRecord.VERSION,
                    token.toString(),
                    RequestRole.TARGET,
                    DurableState.ABORTED,
                    ports.store().bootId(),
                    task.get().key(),
                    task.get().uid(),
                    task.get().migration(),
                    0,
                    0,
                    sourceNode,
                    null,
                    why.reason(),
                    why.component(),
                    why.message(),
                    false,
                    0,
                    0,
                    0));
        tasks.reported(task.get(), token, new TargetReport(TargetState.ABORTED, why, 0, 0, 0, -1));
      }
    }
    return onTarget(token, session -> session.abort(why));
  }

  /** What is durable about a token on this node. */
  public synchronized Answer outcome(Token token) {
    SourceSession source = sources.get(token);
    if (source != null) {
      return source.outcome();
    }
    TargetSession target = targets.get(token);
    if (target != null) {
      return target.outcome();
    }
    return ports
        .store()
        .read(token)
        .map(this::answerOf)
        .orElseGet(() -> Answer.of(TokenOutcome.NONE, ports.store().bootId()));
  }

  private synchronized CompletableFuture<Answer> onTarget(
      Token token, Function<TargetSession, CompletableFuture<Answer>> order) {
    TargetSession session = targets.get(token);
    return session == null
        ? CompletableFuture.completedFuture(outcome(token))
        : order.apply(session);
  }

  private SourceSession source(SourceOrder order) {
    Loop loop = ports.loop().get();
    SourceSession session =
        new SourceSession(
            order,
            new SourceSession.Ports(
                ports.kernel(),
                ports.store(),
                ports.targetPeer().apply(order.peerAddress()),
                ports.data(),
                ports.watch(),
                loop,
                ports.limits()),
            report -> {
              if (report.state().isTerminal()) {
                forget(sources, order.token(), loop);
              }
              tasks.reported(order.task(), order.token(), report);
            });
    sources.put(order.token(), session);
    return session;
  }

  private TargetSession target(TargetPeer.PrepareOrder order, TaskRef task) {
    Loop loop = ports.loop().get();
    TargetSession session =
        new TargetSession(
            order,
            task,
            new TargetSession.Ports(
                ports.kernel(),
                ports.store(),
                ports.sourcePeer().apply(order.sourceControlAddress()),
                ports.data(),
                ports.stub(),
                ports.watch(),
                loop,
                ports.limits()),
            report -> {
              if (report.state().isTerminal()) {
                forget(targets, order.token(), loop);
              }
              tasks.reported(task, order.token(), report);
            });
    targets.put(order.token(), session);
    return session;
  }

  private synchronized void forget(Map<Token, ?> sessions, Token token, Loop loop) {
    sessions.remove(token);
    notifyAll();
    // Answers that were asked for before go out first.
    loop.post(loop::close);
  }

  private Answer answerOf(TokenRecord record) {
    TokenOutcome outcome =
        switch (record.state()) {
          // Its session has yet to find out what the kernel has done: a record is written before.
          case PREPARED, READY, COMMITTED, RESUMING, RUNNING -> TokenOutcome.UNDECIDED;
          case FINISHED -> TokenOutcome.COMMITTED;
          case ABORTED -> TokenOutcome.ABORTED;
        };
    Cause cause =
        record.reason() == null
            ? null
            : new Cause(record.reason(), record.component(), "Recorded", record.message());
    return new Answer(
        outcome,
        cause,
        record.pid(),
        ports.store().bootId(),
        record.readyNs(),
        record.resumedNs(),
        0);
  }

  private TaskRef taskOf(TokenRecord record) {
    int slash = record.task().indexOf('/');
    return new TaskRef(
        record.task().substring(0, slash),
        record.task().substring(slash + 1),
        record.taskUid(),
        record.migration(),
        ports.node());
  }

  private SourceOrder orderOf(TokenRecord record) {
    return new SourceOrder(
        Token.parse(record.token()),
        taskOf(record),
        record.pid(),
        record.startTimeTicks(),
        Selection.TREE,
        record.peerNode(),
        record.peerAddress(),
        null,
        Strategy.STOP_AND_COPY,
        new ArrayList<>(),
        new ArrayList<>(),
        0,
        0);
  }
}
