// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_channel}: an element of an array, so only a layout. */
final class ChannelStruct {
  static final String C_NAME = "procmig_channel";
  static final int BYTES = 8;
  static final int FD = 0;
  static final int ROLE = 4;

  private ChannelStruct() {}
}
