// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** Native memory without a layout of its own: an array of structures, or bytes to read into. */
final class NativeBuffer extends Struct {
  private final int bytes;

  NativeBuffer(int bytes) {
    // The smallest allocation that malloc hands out as memory of its own.
    super(Math.max(bytes, 1));
    this.bytes = bytes;
  }

  int bytes() {
    return bytes;
  }
}
