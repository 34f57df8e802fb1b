// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import java.time.Duration;

/**
 * How long the parts of a transfer may take.
 *
 * @param prepare for the target to see its task and listen
 * @param peerSilence for the target to answer nothing while the process is frozen or travels
 * @param readyPoll how long one question for readiness waits
 * @param retryFirst first pause before something is tried again
 * @param retryMost longest such pause
 * @param abortAttempts how often the target is told of an abort; then it has to ask
 * @param askAfter how long a ready target waits before it asks
 * @param listen how long a target waits for its source to connect and start
 * @param progressEvery how often progress is reported
 */
public record TransferLimits(
    Duration prepare,
    Duration peerSilence,
    Duration readyPoll,
    Duration retryFirst,
    Duration retryMost,
    int abortAttempts,
    Duration askAfter,
    Duration listen,
    Duration progressEvery) {
  /** What fits two nodes of one cluster. */
  public static final TransferLimits DEFAULT =
      new TransferLimits(
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          Duration.ofMillis(100),
          Duration.ofSeconds(5),
          3,
          Duration.ofSeconds(3),
          Duration.ofSeconds(60),
          Duration.ofMillis(500));

  /** The pause before attempt number {@code attempt}, from 0, doubled each time. */
  Duration pause(int attempt) {
    Duration pause = retryFirst;
    for (int i = 0; i < attempt && pause.compareTo(retryMost) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(retryMost) < 0 ? pause : retryMost;
  }
}
