// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The target's agent as the source's sees it. Every call has a deadline and ends exceptionally when
 * there was no answer; then the order may or may not have arrived. Every call may be repeated.
 */
public interface TargetPeer {
  /**
   * What the target must know to listen.
   *
   * @param token names the event
   * @param sourceNode name of the source's node
   * @param sourceControlAddress where the target asks for the outcome
   * @param pid the process
   * @param strategy how the source does it
   * @param channels the connections to come
   * @param mechanisms how single objects are treated
   * @param watchdogMs longest time without progress
   */
  record PrepareOrder(
      Token token,
      String sourceNode,
      String sourceControlAddress,
      int pid,
      Strategy strategy,
      List<ChannelSpec> channels,
      List<MechanismRule> mechanisms,
      int watchdogMs) {}

  /**
   * Where the target listens.
   *
   * @param answer UNDECIDED: it listens; ABORTED: it refuses; NONE: it has not seen its task yet
   * @param address null unless it listens
   */
  record Prepared(Answer answer, InetSocketAddress address) {}

  CompletableFuture<Prepared> prepare(PrepareOrder order);

  /**
   * All channels are connected: submit, and start the stub.
   *
   * @param monotonicNs the process's CLOCK_MONOTONIC, advanced by half the round trip
   * @param boottimeNs likewise CLOCK_BOOTTIME
   */
  CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs);

  /** Answers as soon as the target is decided or ready, and after a while in any case. */
  CompletableFuture<Answer> awaitReady(Token token, Duration wait);

  /** The source is committed: resume. */
  CompletableFuture<Answer> go(Token token);

  /** The source gave up before commit: undo. */
  CompletableFuture<Answer> abort(Token token, Cause cause);

  /** What is durable there. */
  CompletableFuture<Answer> outcome(Token token);
}
