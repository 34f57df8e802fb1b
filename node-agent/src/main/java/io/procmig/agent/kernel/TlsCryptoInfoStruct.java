// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** {@code struct tls12_crypto_info_aes_gcm_128}. */
final class TlsCryptoInfoStruct extends Struct {
  static final String C_NAME = "tls12_crypto_info_aes_gcm_128";
  static final int BYTES = 40;
  static final int INFO = 0;
  static final int INFO_LENGTH = 4;
  static final int IV = 4;
  static final int IV_LENGTH = 8;
  static final int KEY = 12;
  static final int KEY_LENGTH = 16;
  static final int SALT = 28;
  static final int SALT_LENGTH = 4;
  static final int REC_SEQ = 32;
  static final int REC_SEQ_LENGTH = 8;

  TlsCryptoInfoStruct() {
    super(BYTES);
  }
}
