// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_order}. */
final class OrderStruct extends Struct {
  static final String C_NAME = "procmig_order";
  static final int BYTES = 8;
  static final int SIZE = 0;
  static final int FLAGS = 4;

  OrderStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
