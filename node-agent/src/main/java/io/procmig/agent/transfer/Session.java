// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.transfer.Transitions.Step;
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
 * One side of one token: a table of transitions that is walked on one loop. Events are queued, so
 * an action may cause the next one; whatever is not needed while a process stands still (log lines,
 * reports) follows when the queue is empty.
 *
 * @param <S> states
 * @param <E> events
 * @param <A> actions
 */
abstract class Session<S extends Enum<S>, E extends Enum<E>, A extends Enum<A>> {
  private final Logger log = LoggerFactory.getLogger(getClass());
  private final Transitions<S, E, A> table;
  private final E giveUp;
  private final Loop loop;
  private final TransferLimits limits;
  private final String name;
  private final Deque<E> events = new ArrayDeque<>();
  private final List<String> walked = new ArrayList<>();
  private boolean draining;
  private S state;
  private volatile Cause cause;
  private volatile TokenOutcome published = TokenOutcome.UNDECIDED;
  private KernelRequest request;
  private int attempt;
  private String remark = "";

  /**
   * A session in its first state.
   *
   * @param giveUp the event that something failed or somebody ordered to stop
   * @param name how log lines name it
   */
  Session(
      Transitions<S, E, A> table,
      S first,
      E giveUp,
      Loop loop,
      TransferLimits limits,
      String name) {
    this.table = table;
    this.state = first;
    this.giveUp = giveUp;
    this.loop = loop;
    this.limits = limits;
    this.name = name;
  }

  /** Carries out what a transition names. */
  abstract void act(A action);

  /** Tells the listener. */
  abstract void report();

  /** What to record when something fails that nobody foresaw. */
  abstract Cause unforeseen(RuntimeException failure);

  /** What to do about it in a state that cannot be given up: try again. */
  abstract void insist();

  /** What an earlier run left is taken up; throws if that cannot be done yet. */
  abstract void takeUp(TokenRecord left);

  /* ---- for any thread ---- */

  /** What this node has decided about the token, durably. */
  final TokenOutcome published() {
    return published;
  }

  /** Why it was given up; null: it was not. */
  final Cause cause() {
    return cause;
  }

  /** Stops if this side may still decide to; without effect otherwise. */
  public final void giveUp(Cause why) {
    post(() -> fail(why));
  }

  /**
   * Continues what an earlier run of the agent began.
   *
   * @param left the record as that run left it
   */
  public final void recover(TokenRecord left) {
    loop.post(
        () -> {
          try {
            takeUp(left);
          } catch (RuntimeException e) {
            // Nothing may be decided without the kernel's word.
            log.error("{}: cannot recover yet", name, e);
            loop.after(limits.pause(attempt++), () -> recover(left));
          }
        });
  }

  final void post(Runnable work) {
    loop.post(() -> guarded(work));
  }

  /* ---- on the loop ---- */

  final S state() {
    return state;
  }

  final KernelRequest request() {
    return request;
  }

  final void setRequest(KernelRequest submitted) {
    request = submitted;
  }

  final void setCause(Cause why) {
    cause = why;
  }

  /** Makes an outcome known; it is durable already. */
  final void setPublished(TokenOutcome outcome) {
    published = outcome;
  }

  final Loop.Timer after(Duration delay, Runnable work) {
    return loop.after(delay, () -> guarded(work));
  }

  /** After a pause that grows with every time in one state. */
  final Loop.Timer later(E event) {
    return after(limits.pause(attempt++), () -> fire(event));
  }

  /** How often something was tried again in this state; counts this time. */
  final int nextAttempt() {
    return attempt++;
  }

  /** Gives up if the state allows it; the first cause is kept. */
  final void fail(Cause why) {
    fire(giveUp, why);
  }

  /** An event with a cause, which is kept if the event has an effect and there is none yet. */
  final void fire(E event, Cause why) {
    if (table.next(state, event) != null && cause == null) {
      cause = why;
      log.warn("{}: {} in {}: {}", name, event, state, why.message());
    }
    fire(event);
  }

  final void fire(E event) {
    events.add(event);
    drain();
  }

  /** Goes on from a state that was found instead of reached. */
  final void goOnFrom(S found, A action) {
    state = found;
    log.info("{}: goes on in state {}", name, found);
    report();
    draining = true;
    try {
      act(action);
    } finally {
      draining = false;
    }
    drain();
  }

  private void drain() {
    if (draining) {
      return;
    }
    draining = true;
    try {
      for (E event = events.poll(); event != null; event = events.poll()) {
        Step<S, A> step = table.next(state, event);
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
    log.info(
        "{}{}: {}",
        name,
        request == null ? "" : " request " + request.id(),
        String.join(", ", walked));
    walked.clear();
    report();
  }

  /** Says something that people should know although nothing failed; once. */
  final void remark(String text) {
    if (!text.equals(remark)) {
      remark = text;
      log.warn("{}: {}", name, text);
    }
  }

  /** Says that the session is over. */
  final void sayOver() {
    log.info("{}: over, {}{}", name, state, cause == null ? "" : ": " + cause.message());
  }

  /** What nobody foresaw ends the migration if it still can be ended, and never the loop. */
  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      log.error("{}: unexpected failure in {}", name, state, e);
      if (table.next(state, giveUp) != null) {
        fail(unforeseen(e));
      } else {
        loop.after(limits.pause(attempt++), () -> guarded(this::insist));
      }
    }
  }

  /** Brings the answer of another agent back to the loop. */
  final <T> void answer(
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

  static void cancel(Loop.Timer timer) {
    if (timer != null) {
      timer.cancel();
    }
  }
}
