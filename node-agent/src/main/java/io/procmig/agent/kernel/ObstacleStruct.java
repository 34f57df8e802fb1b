// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * {@code struct procmig_obstacle}: an element of the buffer that an inspection fills, so only a
 * layout.
 */
final class ObstacleStruct {
  static final String C_NAME = "procmig_obstacle";
  static final int BYTES = 24;
  static final int SIZE = 0;
  static final int SUBSYSTEM = 4;
  static final int CODE = 8;
  static final int RESERVED = 12;
  static final int OBJECT = 16;
  static final int TEXT = 24;

  private ObstacleStruct() {}
}
