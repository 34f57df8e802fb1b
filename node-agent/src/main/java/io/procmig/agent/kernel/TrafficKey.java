// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.security.SecureRandom;

/**
 * TLS 1.3 AES-128-GCM material of one direction of one channel. Fresh for every migration, never
 * stored, never logged.
 */
public final class TrafficKey {
  private final byte[] key;
  private final byte[] salt;
  private final byte[] iv;

  /**
   * Takes received material.
   *
   * @param key 16 bytes
   * @param salt 4 bytes, the first of the nonce
   * @param iv 8 bytes, the rest of it
   * @throws IllegalArgumentException on any other length
   */
  public TrafficKey(byte[] key, byte[] salt, byte[] iv) {
    this.key = sized("key", key, TlsCryptoInfoStruct.KEY_LENGTH);
    this.salt = sized("salt", salt, TlsCryptoInfoStruct.SALT_LENGTH);
    this.iv = sized("iv", iv, TlsCryptoInfoStruct.IV_LENGTH);
  }

  /** New random material. */
  public static TrafficKey random(SecureRandom random) {
    return new TrafficKey(
        bytes(random, TlsCryptoInfoStruct.KEY_LENGTH),
        bytes(random, TlsCryptoInfoStruct.SALT_LENGTH),
        bytes(random, TlsCryptoInfoStruct.IV_LENGTH));
  }

  public byte[] key() {
    return key.clone();
  }

  public byte[] salt() {
    return salt.clone();
  }

  public byte[] iv() {
    return iv.clone();
  }

  /** Says nothing about the material. */
  @Override
  public String toString() {
    return "TrafficKey";
  }

  private static byte[] bytes(SecureRandom random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] sized(String name, byte[] value, int length) {
    if (value.length != length) {
      throw new IllegalArgumentException(
          "TLS " + name + " has " + value.length + " bytes, not " + length);
    }
    return value.clone();
  }
}
