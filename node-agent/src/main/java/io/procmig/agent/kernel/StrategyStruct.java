// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_strategy}: a member of other structures, so only a layout. */
final class StrategyStruct {
  static final String C_NAME = "procmig_strategy";
  static final int BYTES = 8;
  static final int CONTEXT = 0;
  static final int QUIESCE = 2;
  static final int MODE = 4;
  static final int RESERVED = 6;

  private StrategyStruct() {}
}
