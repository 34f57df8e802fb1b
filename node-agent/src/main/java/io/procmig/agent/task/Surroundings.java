// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.preflight.PreflightPeer;
import io.procmig.agent.preflight.SourcePreflight;
import io.procmig.agent.preflight.TargetPreflight;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.agent.process.ProcessLookup;
import io.procmig.agent.transfer.ChannelSpec;
import io.procmig.agent.transfer.Sessions;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What tasks are carried out with.
 *
 * @param sessions of this node
 * @param peers agents of other nodes
 * @param lookup finds processes
 * @param files descriptors of processes
 * @param preflight the source's half
 * @param targetPreflight the target's half
 * @param channels fresh data channels for one migration of that many processes
 * @param controlAddress where this node's agent is reached
 * @param watchdogMs longest time without progress
 * @param slots migrations that this node may take part in at once
 * @param peerPatience how long the source waits for the target's preflight
 */
public record Surroundings(
    Sessions sessions,
    PreflightPeer peers,
    ProcessLookup lookup,
    ProcessFiles files,
    SourcePreflight preflight,
    TargetPreflight targetPreflight,
    IntFunction<List<ChannelSpec>> channels,
    String controlAddress,
    int watchdogMs,
    int slots,
    Duration peerPatience) {}
