// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Whether a kind of state is carried: {@code enum procmig_kind_state}. */
public enum KindState implements KernelCode {
  /** A loaded module carries it. */
  CARRIED(1),
  /** Refused at inspection. */
  REFUSED(2),
  /** Refused now; a later version will carry it. */
  PLANNED(3);

  private final int code;

  KindState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
