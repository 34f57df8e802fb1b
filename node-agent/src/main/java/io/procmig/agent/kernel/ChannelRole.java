// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** What a channel is for: {@code enum procmig_channel_role}. */
public enum ChannelRole implements KernelCode {
  /** Small and urgent: state, orders, faults. */
  DEMAND(1),
  /** Large: memory. */
  BULK(2);

  private final int code;

  ChannelRole(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
