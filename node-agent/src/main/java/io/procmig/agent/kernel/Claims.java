// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.Arrays;

/**
 * What processes will want to have for themselves on the target, numbers and names, as the modules
 * of the source tell it and only those of the target can read: an array of {@code struct
 * procmig_claim}.
 */
public final class Claims {
  /** None at all. */
  public static final Claims NONE = new Claims(new byte[0]);

  private final byte[] bytes;

  private Claims(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Those of an array, which is copied. */
  public static Claims of(byte[] bytes) {
    return bytes.length == 0 ? NONE : new Claims(bytes.clone());
  }

  /** The array, as it travels. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Claims claims && Arrays.equals(bytes, claims.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return bytes.length + " bytes of claims";
  }
}
