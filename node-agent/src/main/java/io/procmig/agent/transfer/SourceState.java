// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** Where the source's side of a token is. */
public enum SourceState {
  /** The target has been asked to listen. */
  PREPARING,
  /** The data connections are being made. */
  CONNECTING,
  /** The round trip is being measured. */
  MEASURING,
  /** The target has been asked to start the stub. */
  STARTING,
  /** The kernel quiesces the process and sends its state. */
  TRANSFERRING,
  /** Everything is sent, the target is not ready yet. */
  SAVED,
  /** The target is ready, the kernel has not said that everything is sent. */
  READY,
  /** The commit is being made durable. */
  COMMITTING,
  /** Frozen for good; the target has been told to go and has not answered. */
  RESUMING,
  /** Frozen for good, and the target has proved that the process never ran there. */
  REVOKING,
  /** The process runs on the target; the frozen copy is being destroyed. */
  FINISHING,
  /** The process runs here again; the target is being told. */
  ABORTING,
  /** Over: the process belongs to the target. */
  FINISHED,
  /** Over: the process belongs to the source. */
  ABORTED;

  /** Whether nothing follows. */
  public boolean isTerminal() {
    return this == FINISHED || this == ABORTED;
  }

  /** Whether the process belongs to the target, whatever happens, unless it can prove otherwise. */
  public boolean isCommitted() {
    return this == RESUMING || this == REVOKING || this == FINISHING || this == FINISHED;
  }
}
