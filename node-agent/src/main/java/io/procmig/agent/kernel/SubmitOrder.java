// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.List;

/**
 * One side of an event, as it is submitted: {@code struct procmig_submit}.
 *
 * @param token names the event
 * @param pid checkpoint: the process; restart: the PID that the stub will have
 * @param startTimeTicks checkpoint: field 22 of stat; restart: 0
 * @param selection checkpoint: which processes take part; restart: TREE
 * @param strategy how to do it
 * @param medium what the channels are
 * @param channels descriptors, one demand and at least one bulk; the caller keeps them open until
 *     the call has returned
 * @param mechanisms how single objects are treated
 * @param watchdogMs longest time without progress, 100 to 3600000
 * @param quiesceMs longest time for quiescing, 10 to 600000
 */
public record SubmitOrder(
    Token token,
    int pid,
    long startTimeTicks,
    Selection selection,
    Strategy strategy,
    Medium medium,
    List<Channel> channels,
    List<MechanismRule> mechanisms,
    int watchdogMs,
    int quiesceMs) {

  /**
   * A descriptor of the medium: {@code struct procmig_channel}.
   *
   * @param descriptor its number in this process
   * @param role what it is for
   */
  public record Channel(int descriptor, ChannelRole role) {}
}
