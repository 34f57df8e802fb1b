// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** Where the target's side of a token is. */
public enum TargetState {
  /** Waits for the data connections. */
  LISTENING,
  /** The data connections stand. */
  CONNECTED,
  /** The stub is being rebuilt. */
  LOADING,
  /** Rebuilt; that is being made durable. */
  REBUILT,
  /** Rebuilt, durably; waits for the source's decision. */
  READY,
  /** The source has decided: the process is being resumed. */
  RESUMING,
  /** The process runs; the request is being freed. */
  RUNNING,
  /** Everything is being undone. */
  ABORTING,
  /** Over: the process runs here. */
  FINISHED,
  /** Over: the process never ran here and never will. */
  ABORTED;

  /** Whether nothing follows. */
  public boolean isTerminal() {
    return this == FINISHED || this == ABORTED;
  }
}
