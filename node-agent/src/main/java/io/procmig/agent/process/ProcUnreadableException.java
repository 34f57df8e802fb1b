// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import java.io.IOException;

/** /proc does not answer as it should; not that a process has ended. */
public final class ProcUnreadableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ProcUnreadableException(String message, IOException cause) {
    super(message + ": " + cause.getMessage(), cause);
  }
}
