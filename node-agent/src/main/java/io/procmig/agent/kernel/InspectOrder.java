// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.List;

/**
 * What to inspect.
 *
 * @param pid in the agent's PID namespace, which is the node's
 * @param startTimeTicks field 22 of stat; 0: any
 * @param selection which processes would take part
 * @param strategy how the checkpoint would be done
 * @param mechanisms how single objects would be treated
 */
public record InspectOrder(
    int pid,
    long startTimeTicks,
    Selection selection,
    Strategy strategy,
    List<MechanismRule> mechanisms) {}
