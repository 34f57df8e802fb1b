// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

import java.io.IOException;

/** A record could not be written or read. */
public final class TokenStoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean diskFull;

  TokenStoreException(String message, IOException cause) {
    super(message, cause);
    String text = cause.getMessage();
    diskFull = text != null && text.contains("No space left on device");
  }

  /** Whether it failed for lack of space. */
  public boolean isDiskFull() {
    return diskFull;
  }
}
