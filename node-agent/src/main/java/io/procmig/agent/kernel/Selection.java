// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Which processes are one event: {@code enum procmig_selection}. */
public enum Selection implements KernelCode {
  /** The named one, and what descends from it, as from all of the others. */
  TREE(0),
  /** Its session. */
  SESSION(1),
  /** Its process group. */
  GROUP(2),
  /** Its cgroup v2, with the cgroups below. */
  CGROUP(3);

  private final int code;

  Selection(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
