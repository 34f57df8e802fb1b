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
  /**
   * Target: written before the process resumes. Source: the target has said that it resumed;
   * written before the frozen copy is destroyed.
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
