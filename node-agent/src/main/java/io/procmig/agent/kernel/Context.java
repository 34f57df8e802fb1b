// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Who does the work: {@code enum procmig_context}. */
public enum Context implements KernelCode {
  /** A worker acts on another task. */
  EXTERNAL(1),
  /** The task acts on itself. */
  INTERNAL(2);

  private final int code;

  Context(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
