// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import io.procmig.agent.control.ControlEndpoint;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.task.TaskBoard;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.Sessions;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.api.v1alpha1.Obstacle;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Serves peers from this node's tasks and sessions. */
record AgentEndpoint(TaskBoard board, Sessions sessions) implements ControlEndpoint {
  @Override
  public Optional<List<Obstacle>> preflight(Token token, String sourceNode, SourceFacts facts) {
    return board.preflight(token, sourceNode, facts);
  }

  @Override
  public CompletableFuture<TargetPeer.Prepared> prepare(TargetPeer.PrepareOrder order) {
    return sessions.prepare(order);
  }

  @Override
  public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
    return sessions.start(token, monotonicNs, boottimeNs);
  }

  @Override
  public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
    return sessions.awaitReady(token, wait);
  }

  @Override
  public CompletableFuture<Answer> go(Token token) {
    return sessions.go(token);
  }

  @Override
  public CompletableFuture<Answer> abort(Token token, String sourceNode, Cause cause) {
    return sessions.abort(token, sourceNode, cause);
  }

  @Override
  public Answer outcome(Token token) {
    return sessions.outcome(token);
  }
}
