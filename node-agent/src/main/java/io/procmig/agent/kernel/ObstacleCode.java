// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Kinds of obstacle: {@code enum procmig_obstacle_code}. */
public enum ObstacleCode implements KernelCode {
  /** No loaded subsystem carries it. */
  UNSUPPORTED(1),
  /** Shared with a process outside. */
  SHARED(2),
  /** The process is in a state that passes. */
  STATE(3),
  /** Over a limit of this version. */
  LIMIT(4),
  /** On the target somebody else has it. */
  TAKEN(5);

  private final int code;

  ObstacleCode(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
