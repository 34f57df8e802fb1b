// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Subsystems that procmig brings: {@code enum procmig_subsystem_id}. */
public enum Subsystem implements KernelCode {
  /** The core. */
  CORE(0),
  /** Open files, working directory, root. */
  FILES(1),
  /** The address space. */
  MEMORY(2),
  /** Signal actions, masks, pending signals, timers. */
  SIGNALS(3),
  /** Registers, credentials, limits. */
  TASK(4),
  /** System V IPC. */
  IPC(5);

  private final int code;

  Subsystem(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
