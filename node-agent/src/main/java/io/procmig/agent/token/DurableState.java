// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

/**
 * What a node has written down about a token before it acted on it. The source walks {@code
 * PREPARED, COMMITTED, RUNNING, FINISHED}, the target {@code PREPARED, READY, RUNNING, FINISHED},
 * and either may end in {@code ABORTED}.
 */
public enum DurableState {
  /** Begun; either side may still abort. */
  PREPARED(false),
  /** Target: rebuilt; from here on only the source decides. */
  READY(false),
  /** Source: written before the kernel is told to freeze the process for good. */
  COMMITTED(false),
  /** Target: written before the kernel is told to resume the process. */
  RESUMING(false),
  /**
   * The process has resumed on the target. Written, by the target, before it frees the request: so
   * a request that is gone without this record never resumed. By the source, before it destroys the
   * frozen copy: so a request that is gone without this record was never committed.
   */
  RUNNING(false),
  /** The process belongs to the target and nothing is held here. */
  FINISHED(true),
  /** Source: the process runs on. Target: it never ran here and never will. */
  ABORTED(true);

  private final boolean terminal;

  DurableState(boolean terminal) {
    this.terminal = terminal;
  }

  /** Whether nothing follows. */
  public boolean isTerminal() {
    return terminal;
  }
}
