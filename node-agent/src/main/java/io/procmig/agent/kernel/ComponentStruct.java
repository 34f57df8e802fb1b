// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_component}. */
final class ComponentStruct extends Struct {
  static final String C_NAME = "procmig_component";
  static final int BYTES = 120;
  static final int SIZE = 0;
  static final int INDEX = 4;
  static final int KIND = 8;
  static final int ID = 12;
  static final int VERSION = 16;
  static final int USERS = 20;
  static final int NAME = 24;
  static final int NAME_LENGTH = 32;
  static final int MODULE = 56;
  static final int MODULE_LENGTH = 64;

  ComponentStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
