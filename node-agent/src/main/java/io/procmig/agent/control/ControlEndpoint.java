// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.api.v1alpha1.Obstacle;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What this node does for other agents. Called from the server's threads; nothing blocks for long.
 */
public interface ControlEndpoint {
  /** The target's obstacles; nothing when its task is not there yet. */
  Optional<List<Obstacle>> preflight(Token token, String sourceNode, SourceFacts facts);

  /** See {@link TargetPeer#prepare}. */
  CompletableFuture<TargetPeer.Prepared> prepare(TargetPeer.PrepareOrder order);

  /** See {@link TargetPeer#start}. */
  CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs);

  /** See {@link TargetPeer#awaitReady}. */
  CompletableFuture<Answer> awaitReady(Token token, Duration wait);

  /** See {@link TargetPeer#go}. */
  CompletableFuture<Answer> go(Token token);

  /** See {@link TargetPeer#abort}. */
  CompletableFuture<Answer> abort(Token token, String sourceNode, Cause cause);

  /** What is durable about a token here. */
  Answer outcome(Token token);
}
