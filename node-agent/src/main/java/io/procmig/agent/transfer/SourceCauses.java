// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.token.TokenStoreException;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;
import java.util.Optional;

/** Why a source gives up, in words: what failed, on which object, why, and what to do next. */
final class SourceCauses {
  private final SourceOrder order;

  SourceCauses(SourceOrder order) {
    this.order = order;
  }

  Cause agentRestarted() {
    return cause(
        Reason.AgentRestarted,
        "Recover",
        "the agent of node "
            + order.task().node()
            + " restarted before the migration was committed and undid it; process "
            + order.pid()
            + " runs on the source");
  }

  Cause nodeRebooted() {
    return cause(
        Reason.SourceNodeLost,
        "Recover",
        "node "
            + order.task().node()
            + " rebooted before the migration was committed, and process "
            + order.pid()
            + " ended with it");
  }

  Cause neverRanAndRebooted(Cause there) {
    return cause(
        Reason.SourceNodeLost,
        "Resume",
        "the process never ran on node "
            + order.peerNode()
            + (there == null ? "" : " (" + there.message() + ")")
            + ", and node "
            + order.task().node()
            + " rebooted meanwhile");
  }

  Cause notTakenUp(Duration patience) {
    return cause(
        Reason.PeerUnreachable,
        "Prepare",
        "the agent of node "
            + order.peerNode()
            + " at "
            + order.peerAddress()
            + " did not take up token "
            + order.token()
            + " within "
            + patience.toSeconds()
            + " s");
  }

  Cause newObstacle(KernelObstacle obstacle) {
    return new Cause(
        Reason.UnsupportedState,
        Component.SourceKernel,
        "Inspect",
        "process "
            + order.pid()
            + " has acquired state since the preflight that is not carried: "
            + obstacle.text()
            + ". "
            + Reason.UnsupportedState.nextStep());
  }

  Cause unreachable(String step, Throwable failure) {
    return cause(
        Reason.PeerUnreachable,
        step,
        "the agent of node "
            + order.peerNode()
            + " at "
            + order.peerAddress()
            + " does not answer ("
            + Optional.ofNullable(failure.getMessage()).orElse(failure.toString())
            + ")");
  }

  Cause unexpected(Answer reply, String step) {
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

  /** The target's own words, if it has any. */
  Cause abortedThere(Answer reply) {
    return reply.cause() != null
        ? reply.cause()
        : new Cause(
            Reason.RestartFailed,
            Component.TargetAgent,
            "Outcome",
            "node " + order.peerNode() + " gave up. " + Reason.RestartFailed.nextStep());
  }

  Cause notRecorded(TokenStoreException failure, String step) {
    return cause(
        failure.isDiskFull() ? Reason.DiskFull : Reason.InternalError, step, failure.getMessage());
  }

  Cause unforeseen(RuntimeException failure, SourceState state) {
    return cause(Reason.InternalError, state.toString(), "unexpected failure: " + failure);
  }

  String silence() {
    return "the agent of node "
        + order.peerNode()
        + " does not answer; process "
        + order.pid()
        + " stays frozen on the source until it does";
  }

  String noRecordThere() {
    return "node "
        + order.peerNode()
        + " has no record of the token, so it cannot be told whether process "
        + order.pid()
        + " ever ran there; the copy on the source stays frozen. Restore /var/lib/procmig of that"
        + " node";
  }

  private static Cause cause(Reason reason, String step, String text) {
    return new Cause(reason, Component.SourceAgent, step, text + ". " + reason.nextStep());
  }
}
