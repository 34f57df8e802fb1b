// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/** A step of a transfer failed; carries why, as the task's status tells it. */
public final class TransferException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Cause failure;

  public TransferException(Cause failure, Throwable cause) {
    super(failure.message(), cause);
    this.failure = failure;
  }

  /** Why it failed. */
  public Cause failure() {
    return failure;
  }
}
