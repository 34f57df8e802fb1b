// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import java.util.List;

/**
 * What the source shall migrate.
 *
 * @param token names the event
 * @param task the task it is for
 * @param pid the process
 * @param startTimeTicks field 22 of /proc/PID/stat
 * @param selection which processes take part
 * @param peerNode the target's node
 * @param peerAddress its control address
 * @param controlAddress this node's control address, where the target asks
 * @param strategy how to do it
 * @param mechanisms how single objects are treated
 * @param channels the data connections, with their keys
 * @param watchdogMs longest time without progress
 * @param quiesceMs longest time for quiescing
 */
public record SourceOrder(
    Token token,
    TaskRef task,
    int pid,
    long startTimeTicks,
    Selection selection,
    String peerNode,
    String peerAddress,
    String controlAddress,
    Strategy strategy,
    List<MechanismRule> mechanisms,
    List<ChannelSpec> channels,
    int watchdogMs,
    int quiesceMs) {}
