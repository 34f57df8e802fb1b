// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** How one object is treated: {@code enum procmig_mechanism_kind}. */
public enum MechanismKind implements KernelCode {
  /** Use what the target has. */
  IGNORE(1),
  /** Carry the state over. */
  TRANSFER(2),
  /** Operations go back to the source. */
  FORWARD(3);

  private final int code;

  MechanismKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
