// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Media that procmig brings: {@code enum procmig_medium_id}. */
public enum Medium implements KernelCode {
  /** Connected stream sockets. */
  SOCKET(1),
  /** Memory of this machine, for tests. */
  LOOPBACK(2);

  private final int code;

  Medium(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
