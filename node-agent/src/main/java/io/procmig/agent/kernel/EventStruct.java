// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_event}: an element of what a read returns, so only a layout. */
final class EventStruct {
  static final String C_NAME = "procmig_event";
  static final int BYTES = 24;
  static final int SIZE = 0;
  static final int STATE = 4;
  static final int TIME_NS = 8;
  static final int BYTES_DONE = 16;

  private EventStruct() {}
}
