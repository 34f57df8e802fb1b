// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** What happens to the target's side of a token. */
enum TargetEvent {
  /** All data connections stand. */
  CHANNELS_UP,
  /** The source says: submit and start the stub. */
  START,
  /** Kernel: rebuilt. */
  KERNEL_READY,
  /** READY is durable and was said. */
  ANNOUNCED,
  /** Kernel: the request is undone, by itself or because the stub was killed. */
  KERNEL_ABORTED,
  /** The source says that it is committed, by Go or by its answer. */
  DECIDED,
  /** The source says that it has given up, by Abort or by its answer. */
  CALLED_OFF,
  /** The source has been silent for a while. */
  SILENCE,
  /** The kernel has resumed the process. */
  RESUMED,
  /** The kernel cannot resume it: it was killed before. */
  RESUME_REFUSED,
  /** What had to be done at last could not be done. */
  TRY_LATER,
  /** It is time to try that again. */
  TRY_DUE,
  /** The request is freed. */
  FREED,
  /** Everything is undone. */
  UNDONE,
  /** Something failed, or somebody ordered to stop. */
  GIVE_UP
}
