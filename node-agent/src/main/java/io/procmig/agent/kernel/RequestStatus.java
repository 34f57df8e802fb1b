// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * Where a request is: {@code struct procmig_status}. Times are CLOCK_MONOTONIC of the initial time
 * namespace in nanoseconds; 0 means that it has not happened.
 *
 * @param id the request's number on this machine
 * @param role which side
 * @param state where it is
 * @param pid the process
 * @param error 0 or a positive errno: why it was aborted
 * @param errorSubsystem where that came from
 * @param bytesTotal estimate until SAVED or READY
 * @param bytesDone state bytes sent or received
 * @param submittedNs when it was submitted
 * @param frozenNs source: when the last thread was parked
 * @param savedNs source: when everything was sent
 * @param readyNs target: when everything was rebuilt
 * @param decidedNs when it was committed, resumed or aborted
 * @param message why it was aborted, naming the object
 */
public record RequestStatus(
    int id,
    RequestRole role,
    KernelState state,
    int pid,
    int error,
    int errorSubsystem,
    long bytesTotal,
    long bytesDone,
    long submittedNs,
    long frozenNs,
    long savedNs,
    long readyNs,
    long decidedNs,
    String message) {}
