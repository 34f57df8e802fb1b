// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_submit}. */
final class SubmitStruct extends Struct {
  static final String C_NAME = "procmig_submit";
  static final int BYTES = 96;
  static final int SIZE = 0;
  static final int FLAGS = 4;
  static final int PID = 8;
  static final int MEDIUM = 12;
  static final int START_TIME = 16;
  static final int TOKEN = 24;
  static final int TOKEN_LENGTH = 16;
  static final int STRATEGY = 40;
  static final int CHANNELS = 48;
  static final int MECHANISMS = 56;
  static final int CHANNEL_COUNT = 64;
  static final int MECHANISM_COUNT = 68;
  static final int WATCHDOG_MS = 72;
  static final int QUIESCE_MS = 76;
  static final int ID = 80;
  static final int FD = 84;
  static final int SELECTION = 88;
  static final int RESERVED = 92;

  SubmitStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
