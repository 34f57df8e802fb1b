// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** How threads come to rest: {@code enum procmig_quiesce}. */
public enum Quiesce implements KernelCode {
  /** Every thread is made to park. */
  ASYNCHRONOUS(1),
  /** The threads call in themselves. */
  SYNCHRONOUS(2);

  private final int code;

  Quiesce(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
