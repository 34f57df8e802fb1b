// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** What the source's side does on a transition. */
enum SourceAction {
  /** Nothing but wait. */
  NONE,
  /** Ask the target to listen. */
  PREPARE,
  /** Ask it again in a while. */
  PREPARE_LATER,
  /** Make the data connections. */
  CONNECT,
  /** Measure the round trip. */
  MEASURE,
  /** Ask the target to start the stub, and tell it the process's clocks. */
  START,
  /** Submit the checkpoint; wait for kernel and target. */
  SUBMIT,
  /** Record COMMITTED, then tell the kernel. */
  COMMIT,
  /** Tell the target to resume. */
  GO,
  /** Tell it again in a while. */
  GO_LATER,
  /** Record RUNNING, destroy the frozen copy, record FINISHED. */
  DESTROY,
  /** Destroy it in a while. */
  DESTROY_LATER,
  /** Take the commit back with the target's proof, record ABORTED. */
  REVOKE,
  /** Take it back in a while. */
  REVOKE_LATER,
  /** Thaw, record ABORTED, tell the target. */
  ROLL_BACK,
  /** Free what is held and tell the listener. */
  END
}
