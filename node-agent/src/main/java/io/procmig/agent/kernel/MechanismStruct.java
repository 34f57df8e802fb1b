// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_mechanism}: an element of an array, so only a layout. */
final class MechanismStruct {
  static final String C_NAME = "procmig_mechanism";
  static final int BYTES = 16;
  static final int SUBSYSTEM = 0;
  static final int MECHANISM = 4;
  static final int ENTITY = 8;

  private MechanismStruct() {}
}
