// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** What the target's side does on a transition. */
enum TargetAction {
  /** Nothing but wait. */
  NONE,
  /** Submit the restart and start the stub. */
  LAUNCH,
  /** Record READY and say so. */
  ANNOUNCE,
  /** Ask the source what it has decided. */
  ASK,
  /** Record RUNNING, then tell the kernel to resume. */
  RESUME,
  /** Resume in a while. */
  RESUME_LATER,
  /** Free the request, record FINISHED. */
  FREE,
  /** Free it in a while. */
  FREE_LATER,
  /** Tell the kernel to undo, record ABORTED. */
  UNDO,
  /** Undo in a while. */
  UNDO_LATER,
  /** Free what is held and tell the listener. */
  END
}
