// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.List;

/**
 * Answer of PROCMIG_IOC_INSPECT: {@code struct procmig_inspect}.
 *
 * @param obstacles all of them; none means that a checkpoint may be submitted
 * @param processes that take part, the named one among them
 * @param pids theirs, the named one's first, without those that ended meanwhile
 * @param threads threads of all of them
 * @param memoryBytes estimate of the bytes that will be sent
 * @param monotonicNs the process's own CLOCK_MONOTONIC at the time of the call
 * @param boottimeNs likewise CLOCK_BOOTTIME
 * @param claims what they need to have for themselves on the target
 */
public record Inspection(
    List<KernelObstacle> obstacles,
    int processes,
    List<Integer> pids,
    int threads,
    long memoryBytes,
    long monotonicNs,
    long boottimeNs,
    Claims claims) {}
