// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/**
 * A C structure in native memory, zeroed when made and freed by {@link #close}. Subclasses name the
 * structure ({@code C_NAME}), its size ({@code BYTES}) and each member's offset as the compiler
 * laid it out, the member {@code foo_bar} as {@code FOO_BAR}; a member that is an array has its
 * length in bytes as {@code FOO_BAR_LENGTH}.
 */
abstract class Struct implements AutoCloseable {
  private final Memory memory;

  Struct(int bytes) {
    memory = new Memory(bytes);
    memory.clear();
  }

  final Pointer pointer() {
    return memory;
  }

  final long address() {
    return Pointer.nativeValue(memory);
  }

  final int getInt(int offset) {
    return memory.getInt(offset);
  }

  final void putInt(int offset, int value) {
    memory.setInt(offset, value);
  }

  final long getLong(int offset) {
    return memory.getLong(offset);
  }

  final void putLong(int offset, long value) {
    memory.setLong(offset, value);
  }

  final short getShort(int offset) {
    return memory.getShort(offset);
  }

  final void putShort(int offset, int value) {
    memory.setShort(offset, (short) value);
  }

  final byte[] getBytes(int offset, int length) {
    return memory.getByteArray(offset, length);
  }

  final void putBytes(int offset, byte[] value) {
    memory.write(offset, value, 0, value.length);
  }

  /** Text up to a NUL or the end of the array. */
  final String getText(int offset, int length) {
    byte[] bytes = memory.getByteArray(offset, length);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  @Override
  public final void close() {
    memory.close();
  }
}
