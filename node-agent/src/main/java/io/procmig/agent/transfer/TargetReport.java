// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/**
 * What a target's session tells its listener; a snapshot. Durations in nanoseconds, -1: not known.
 *
 * @param state where it is
 * @param cause why it gave up; null: it has not
 * @param pid the process here
 * @param bytesTotal estimate of the bytes to move; 0: not known
 * @param bytesDone bytes received
 * @param restoreNs from the submission until the process was rebuilt
 */
public record TargetReport(
    TargetState state, Cause cause, int pid, long bytesTotal, long bytesDone, long restoreNs) {}
