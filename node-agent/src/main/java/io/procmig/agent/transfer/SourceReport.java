// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/**
 * What a source's session tells its listener; a snapshot. Durations in nanoseconds, -1: not known.
 *
 * @param state where it is
 * @param frozen whether the process has been frozen, now or before
 * @param cause why it gave up; null: it has not
 * @param bytesTotal estimate of the bytes to move
 * @param bytesDone bytes sent
 * @param prepareNs from the begin until the stub waited
 * @param transferNs from the submission until everything was sent
 * @param downtimeNs from the freeze until the target said that the process runs, or until the thaw
 * @param drainNs from there until nothing is held here
 */
public record SourceReport(
    SourceState state,
    boolean frozen,
    Cause cause,
    long bytesTotal,
    long bytesDone,
    long prepareNs,
    long transferNs,
    long downtimeNs,
    long drainNs) {}
