// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;

/**
 * The durable record of one token on one node. Absent values are null.
 *
 * @param version of this layout, {@link #VERSION}
 * @param token 32 hexadecimal digits
 * @param role which side this node is
 * @param state what was decided so far
 * @param bootId boot in which the record was last written: after another boot nothing of the
 *     kernel's request exists any more
 * @param task {@code namespace/name} of the MigrationTask
 * @param taskUid its UID
 * @param migration name of the ProcessMigration
 * @param pid the process
 * @param startTimeTicks source: field 22 of /proc/PID/stat
 * @param peerNode name of the other node
 * @param peerAddress its control address
 * @param reason why it was aborted
 * @param component who found that
 * @param message what failed, on which object, why, and what to do next
 * @param frozen source: whether the process was ever frozen
 * @param readyNs target: CLOCK_MONOTONIC when it was ready; 0: has not happened
 * @param resumedNs target: CLOCK_MONOTONIC when the process resumed
 * @param updatedAtMs when this was written, milliseconds since the epoch
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TokenRecord(
    int version,
    String token,
    RequestRole role,
    DurableState state,
    String bootId,
    String task,
    String taskUid,
    String migration,
    int pid,
    long startTimeTicks,
    String peerNode,
    String peerAddress,
    Reason reason,
    Component component,
    String message,
    boolean frozen,
    long readyNs,
    long resumedNs,
    long updatedAtMs) {
  /** The layout that this agent writes and reads. */
  public static final int VERSION = 1;

  /** The same with another state. */
  public TokenRecord withState(DurableState next) {
    return new TokenRecord(
        version,
        token,
        role,
        next,
        bootId,
        task,
        taskUid,
        migration,
        pid,
        startTimeTicks,
        peerNode,
        peerAddress,
        reason,
        component,
        message,
        frozen,
        readyNs,
        resumedNs,
        updatedAtMs);
  }

  /** The same, aborted, and why. */
  public TokenRecord aborted(Reason why, Component who, String text) {
    return new TokenRecord(
        version,
        token,
        role,
        DurableState.ABORTED,
        bootId,
        task,
        taskUid,
        migration,
        pid,
        startTimeTicks,
        peerNode,
        peerAddress,
        why,
        who,
        text,
        frozen,
        readyNs,
        resumedNs,
        updatedAtMs);
  }

  /** The same after the process was frozen. */
  public TokenRecord withFrozen() {
    return new TokenRecord(
        version,
        token,
        role,
        state,
        bootId,
        task,
        taskUid,
        migration,
        pid,
        startTimeTicks,
        peerNode,
        peerAddress,
        reason,
        component,
        message,
        true,
        readyNs,
        resumedNs,
        updatedAtMs);
  }

  /** The same with the target's times. */
  public TokenRecord withTimes(long ready, long resumed) {
    return new TokenRecord(
        version,
        token,
        role,
        state,
        bootId,
        task,
        taskUid,
        migration,
        pid,
        startTimeTicks,
        peerNode,
        peerAddress,
        reason,
        component,
        message,
        frozen,
        ready,
        resumed,
        updatedAtMs);
  }

  /** The same as written in a boot at a time; the store calls it. */
  TokenRecord writtenIn(String boot, long nowMs) {
    return new TokenRecord(
        version,
        token,
        role,
        state,
        boot,
        task,
        taskUid,
        migration,
        pid,
        startTimeTicks,
        peerNode,
        peerAddress,
        reason,
        component,
        message,
        frozen,
        readyNs,
        resumedNs,
        nowMs);
  }
}
