// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct procmig_info}. */
final class InfoStruct extends Struct {
  static final String C_NAME = "procmig_info";
  static final int BYTES = 112;
  static final int SIZE = 0;
  static final int ABI_VERSION = 4;
  static final int STREAM_VERSION = 8;
  static final int REQUESTS = 12;
  static final int MONOTONIC_NS = 16;
  static final int BOOTTIME_NS = 24;
  static final int XFEATURES = 32;
  static final int XSTATE_BYTES = 40;
  static final int RESERVED = 44;
  static final int KERNEL_RELEASE = 48;
  static final int KERNEL_RELEASE_LENGTH = 64;

  InfoStruct() {
    super(BYTES);
    putInt(SIZE, BYTES);
  }
}
