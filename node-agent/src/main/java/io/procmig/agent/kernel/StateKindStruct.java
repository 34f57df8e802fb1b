// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_state_kind}. */
final class StateKindStruct extends Struct {
  static final String C_NAME = "procmig_state_kind";
  static final int BYTES = 208;
  static final int SIZE = 0;
  static final int INDEX = 4;
  static final int SUBSYSTEM = 8;
  static final int STATE = 12;
  static final int NAME = 16;
  static final int NAME_LENGTH = 64;
  static final int NOTE = 80;
  static final int NOTE_LENGTH = 128;

  StateKindStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
