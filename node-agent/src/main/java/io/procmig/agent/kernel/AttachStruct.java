// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_attach}. */
final class AttachStruct extends Struct {
  static final String C_NAME = "procmig_attach";
  static final int BYTES = 32;
  static final int SIZE = 0;
  static final int FLAGS = 4;
  static final int TOKEN = 8;
  static final int TOKEN_LENGTH = 16;
  static final int ID = 24;
  static final int FD = 28;

  AttachStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
