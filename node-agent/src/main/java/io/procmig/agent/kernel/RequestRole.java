// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Which side of an event a request is: {@code enum procmig_role}. */
public enum RequestRole implements KernelCode {
  /** The side that the process leaves. */
  SOURCE(1),
  /** The side that the process arrives at. */
  TARGET(2);

  private final int code;

  RequestRole(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
