// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_admit}. */
final class AdmitStruct extends Struct {
  static final String C_NAME = "procmig_admit";
  static final int BYTES = 32;
  static final int SIZE = 0;
  static final int CLAIMS_BYTES = 4;
  static final int CLAIMS = 8;
  static final int OBSTACLES = 16;
  static final int OBSTACLES_BYTES = 24;
  static final int OBSTACLE_COUNT = 28;

  AdmitStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
