// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_claim}: an element of an array that the kernel writes. */
final class ClaimStruct {
  static final String C_NAME = "procmig_claim";
  static final int BYTES = 16;
  static final int SIZE = 0;
  static final int SUBSYSTEM = 4;
  static final int VERSION = 8;
  static final int LENGTH = 12;
  static final int DATA = 16;

  private ClaimStruct() {}
}
