// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_inspect}. */
final class InspectStruct extends Struct {
  static final String C_NAME = "procmig_inspect";
  static final int BYTES = 120;
  static final int SIZE = 0;
  static final int PID = 4;
  static final int START_TIME = 8;
  static final int STRATEGY = 16;
  static final int MECHANISMS = 24;
  static final int OBSTACLES = 32;
  static final int OBSTACLES_BYTES = 40;
  static final int OBSTACLE_COUNT = 44;
  static final int MECHANISM_COUNT = 48;
  static final int THREADS = 52;
  static final int MEMORY_BYTES = 56;
  static final int MONOTONIC_NS = 64;
  static final int BOOTTIME_NS = 72;
  static final int SELECTION = 80;
  static final int PROCESSES = 84;
  static final int PIDS = 88;
  static final int PID_ROOM = 96;
  static final int RESERVED = 100;
  static final int CLAIMS = 104;
  static final int CLAIMS_BYTES = 112;
  static final int RESERVED2 = 116;

  InspectStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
