// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

/**
 * A process as it was found.
 *
 * @param pid its number in the node's PID namespace
 * @param startTimeTicks field 22 of its stat
 * @param comm its name
 * @param commandLine its arguments joined by single spaces
 * @param uid its real user ID
 */
public record FoundProcess(
    int pid, long startTimeTicks, String comm, String commandLine, long uid) {}
