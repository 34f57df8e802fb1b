// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * A change of a request: {@code struct procmig_event}.
 *
 * @param state the state it is in since
 * @param timeNs CLOCK_MONOTONIC of the initial time namespace
 * @param bytesDone state bytes sent or received by then
 */
public record RequestEvent(KernelState state, long timeNs, long bytesDone) {}
