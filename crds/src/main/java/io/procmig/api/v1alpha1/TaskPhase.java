// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** Where one side of one attempt is. Written by the agent of that node only. */
public enum TaskPhase {
  /** Not yet picked up by the agent. */
  Pending,
  /** The process is being looked up. */
  Resolving,
  /** Obstacles are being collected; nothing is touched. */
  Preflight,
  /** The stub is being started and the peers meet. */
  PreparingTarget,
  /** State travels while the process runs. */
  Transferring,
  /** The process is frozen. */
  Frozen,
  /** The target rebuilds the process; it has not run there. */
  Restoring,
  /** The token is committed: the process belongs to the target. */
  Committed,
  /** The process runs on the target; the source still holds state. */
  Draining,
  /** This side is finished and the migration happened, or the dry run passed. */
  Succeeded,
  /** This side is finished; nothing was frozen. */
  Failed,
  /** This side is finished; stopped on request before commit. */
  Canceled,
  /** This side is finished; the process was frozen and runs on the source again. */
  RolledBack
}
