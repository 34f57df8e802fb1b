// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.token.TokenStoreException;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;

/** Why a target gives up, in words: what failed, on which object, why, and what to do next. */
final class TargetCauses {
  private final TargetPeer.PrepareOrder order;
  private final String node;

  TargetCauses(TargetPeer.PrepareOrder order, String node) {
    this.order = order;
    this.node = node;
  }

  Cause agentRestarted() {
    return cause(
        Reason.AgentRestarted,
        "Recover",
        "the agent of node "
            + node
            + " restarted before process "
            + order.pid()
            + " ran there; it never will");
  }

  Cause nodeRebooted() {
    return cause(
        Reason.TargetNodeLost,
        "Recover",
        "node " + node + " rebooted before process " + order.pid() + " ran there; it never will");
  }

  Cause notConnected(Duration patience) {
    return cause(
        Reason.PeerUnreachable,
        "Prepare",
        "the agent of node "
            + order.sourceNode()
            + " did not connect and start within "
            + patience.toSeconds()
            + " s");
  }

  Cause startedTooEarly() {
    return cause(
        Reason.TransferInterrupted,
        "Start",
        "the source of token "
            + order.token()
            + " ordered the start before all data connections stood");
  }

  Cause sourceGaveUp() {
    return new Cause(
        Reason.AgentLost,
        Component.SourceAgent,
        "Outcome",
        "the source of token " + order.token() + " gave up");
  }

  Cause nothingOnRecordThere() {
    return new Cause(
        Reason.AgentLost,
        Component.SourceAgent,
        "Outcome",
        "node "
            + order.sourceNode()
            + " has nothing on record for token "
            + order.token()
            + ". "
            + Reason.AgentLost.nextStep());
  }

  Cause notRecorded(TokenStoreException failure, String step) {
    return cause(
        failure.isDiskFull() ? Reason.DiskFull : Reason.InternalError, step, failure.getMessage());
  }

  Cause unforeseen(RuntimeException failure, TargetState state) {
    return cause(Reason.InternalError, state.toString(), "unexpected failure: " + failure);
  }

  String silence() {
    return "process "
        + order.pid()
        + " is ready here, and the agent of node "
        + order.sourceNode()
        + " does not answer what was decided";
  }

  private static Cause cause(Reason reason, String step, String text) {
    return new Cause(reason, Component.TargetAgent, step, text + ". " + reason.nextStep());
  }
}
