// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** Where a migration is, for people to read. Programs use the conditions. */
public enum MigrationPhase {
  /** Accepted; nothing has been started. */
  Pending,
  /** Both nodes check whether the process can be carried; nothing is touched. */
  Preflight,
  /** The target starts a stub and listens. */
  PreparingTarget,
  /** State travels while the process runs, or is about to be frozen. */
  Transferring,
  /** The process is frozen and its last state travels. */
  Frozen,
  /** The target rebuilds the process; nothing has run there yet. */
  Restoring,
  /** The process runs on the target; what the source still holds is being fetched or destroyed. */
  Draining,
  /** The process runs on the target and nowhere else, or a dry run found no obstacle. */
  Succeeded,
  /** Nothing was moved; the process was never frozen. */
  Failed,
  /** Stopped on request; the process runs on the source. */
  Canceled,
  /** The process was frozen, the attempt failed, and the process runs on the source again. */
  RolledBack
}
