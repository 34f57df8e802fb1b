// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import io.procmig.api.v1alpha1.Reason;

/** A process is not there, or is not the one that was meant, or is not the only one. */
public final class ProcessLookupException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  ProcessLookupException(Reason reason, String message) {
    super(message + ". " + reason.nextStep());
    this.reason = reason;
  }

  /** ProcessNotFound, ProcessIdentityChanged, ProcessAmbiguous, or InvalidRequest. */
  public Reason reason() {
    return reason;
  }
}
