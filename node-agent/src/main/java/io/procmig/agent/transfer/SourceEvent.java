// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** What happens to the source's side of a token. */
enum SourceEvent {
  /** The target listens. */
  PREPARED,
  /** The target has not seen its task yet. */
  NOT_YET,
  /** It is time to ask the target again to listen. */
  PREPARE_DUE,
  /** The data connections stand. */
  CONNECTED,
  /** The round trip is known. */
  MEASURED,
  /** The stub waits. */
  STARTED,
  /** Kernel: everything is sent. */
  KERNEL_SAVED,
  /** The target has rebuilt everything, durably. */
  PEER_READY,
  /** The commit is durable and the kernel has carried it out. */
  COMMITTED,
  /** The kernel has not carried the commit out; the process runs again. */
  COMMIT_REFUSED,
  /** The target has answered that the process runs. */
  PEER_RUNS,
  /** The target has answered that the process never ran there and never will. */
  PEER_NEVER_RAN,
  /** Go was not answered. */
  GO_UNANSWERED,
  /** It is time to say go again. */
  GO_DUE,
  /** What had to be done at last could not be done. */
  TRY_LATER,
  /** It is time to try that again. */
  TRY_DUE,
  /** The frozen copy is gone. */
  DESTROYED,
  /** The commit is taken back, the process runs again. */
  REVOKED,
  /** The target has been told, or cannot be. */
  PEER_TOLD,
  /** Something failed, or somebody ordered to stop. */
  GIVE_UP
}
