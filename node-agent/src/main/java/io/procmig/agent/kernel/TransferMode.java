// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** How memory travels: {@code enum procmig_mode}. */
public enum TransferMode implements KernelCode {
  /** Freeze, send everything, restart. */
  STOP_AND_COPY(1),
  /** Rounds while the process runs, the last one frozen. */
  PRE_COPY(2),
  /** Resume first, fetch pages on demand. */
  POST_COPY(3),
  /** The first message implies the start. */
  FREEZE_FREE(4),
  /** Pre-copy rounds, then a lazy rest. */
  HYBRID(5);

  private final int code;

  TransferMode(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
