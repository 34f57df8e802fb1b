// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_status}. */
final class StatusStruct extends Struct {
  static final String C_NAME = "procmig_status";
  static final int BYTES = 376;
  static final int SIZE = 0;
  static final int ID = 4;
  static final int ROLE = 8;
  static final int STATE = 12;
  static final int PID = 16;
  static final int ERROR = 20;
  static final int ERROR_SUBSYSTEM = 24;
  static final int THREADS = 28;
  static final int BYTES_TOTAL = 32;
  static final int BYTES_DONE = 40;
  static final int ENTITIES_DONE = 48;
  static final int ENTITIES_SKIPPED = 56;
  static final int SUBMITTED_NS = 64;
  static final int FROZEN_NS = 72;
  static final int SAVED_NS = 80;
  static final int READY_NS = 88;
  static final int DECIDED_NS = 96;
  static final int TOKEN = 104;
  static final int TOKEN_LENGTH = 16;
  static final int MESSAGE = 120;
  static final int MESSAGE_LENGTH = 256;

  StatusStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
