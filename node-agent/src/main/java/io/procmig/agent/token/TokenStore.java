// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

import io.procmig.agent.kernel.Token;
import java.util.List;
import java.util.Optional;

/**
 * Durable records of tokens. Every write is on disk when the method returns, or it throws and the
 * old record still stands or the new one does; there is nothing in between.
 */
public interface TokenStore {
  /**
   * Writes a record.
   *
   * @throws TokenStoreException if it may not be on disk
   */
  void write(TokenRecord record);

  /**
   * The record of a token as it was last written.
   *
   * @throws TokenStoreException if there is one and it cannot be read
   */
  Optional<TokenRecord> read(Token token);

  /** All records that can be read; the others are logged and left where they are. */
  List<TokenRecord> readAll();

  /** Boot ID of the running kernel: records from another boot have lost their request. */
  String bootId();
}
