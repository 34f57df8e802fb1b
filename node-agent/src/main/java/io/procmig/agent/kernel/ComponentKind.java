// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** What a component is: {@code enum procmig_component_kind}. */
public enum ComponentKind implements KernelCode {
  /** Carries one kind of kernel state. */
  SUBSYSTEM(1),
  /** Transports the stream. */
  MEDIUM(2);

  private final int code;

  ComponentKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
