// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.api.v1alpha1.Reason;

/** The modules are not as they must be; the message says what to do. */
public final class ModuleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  ModuleException(Reason reason, String message) {
    super(message + ". " + reason.nextStep());
    this.reason = reason;
  }

  /** ModulesMissing or ModuleLoadFailed. */
  public Reason reason() {
    return reason;
  }
}
