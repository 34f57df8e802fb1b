// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;

/**
 * What one side answers about a token.
 *
 * @param outcome what is durable
 * @param cause why it was aborted; null otherwise
 * @param pid the process on the answering node; 0: none
 * @param bootId boot of the answering node
 * @param readyNs target: CLOCK_MONOTONIC there when it was ready; 0: has not happened
 * @param resumedNs target: likewise when the process resumed
 * @param bytesReceived target: state bytes that have arrived
 */
public record Answer(
    TokenOutcome outcome,
    Cause cause,
    int pid,
    String bootId,
    long readyNs,
    long resumedNs,
    long bytesReceived) {
  /** An answer without details. */
  public static Answer of(TokenOutcome outcome, String bootId) {
    return new Answer(outcome, null, 0, bootId, 0, 0, 0);
  }

  /** An answer that something was or is being refused. */
  public static Answer aborted(
      Reason reason, Component component, String step, String message, String bootId) {
    return new Answer(
        TokenOutcome.ABORTED, new Cause(reason, component, step, message), 0, bootId, 0, 0, 0);
  }
}
