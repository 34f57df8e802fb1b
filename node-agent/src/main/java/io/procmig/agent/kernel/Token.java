// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.Arrays;
import java.util.HexFormat;

/** Names one migration event on both nodes: 128 random bits, written as 32 hexadecimal digits. */
public final class Token implements Comparable<Token> {
  private final byte[] bytes;

  private Token(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Reads 32 hexadecimal digits.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  public static Token parse(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    return of(bytes);
  }

  /**
   * The token with these 16 bytes.
   *
   * @throws IllegalArgumentException if there are not 16
   */
  public static Token of(byte[] bytes) {
    if (bytes.length != Abi.TOKEN_BYTES) {
      throw new IllegalArgumentException(
          "a token has " + Abi.TOKEN_BYTES + " bytes, not " + bytes.length);
    }
    return new Token(bytes.clone());
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public int compareTo(Token other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Token token && Arrays.equals(bytes, token.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
