// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct pollfd}. */
final class PollStruct extends Struct {
  static final String C_NAME = "pollfd";
  static final int BYTES = 8;
  static final int FD = 0;
  static final int EVENTS = 4;
  static final int REVENTS = 6;

  PollStruct() {
    super(BYTES);
  }
}
