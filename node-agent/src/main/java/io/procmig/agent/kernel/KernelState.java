// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** The state of a request: {@code enum procmig_state}. */
public enum KernelState implements KernelCode {
  /** Submitted. */
  NEW(1),
  /** Source: threads are being parked. */
  QUIESCING(2),
  /** Source: frozen, state is being sent. */
  SAVING(3),
  /** Source: frozen, everything is sent. */
  SAVED(4),
  /** Source: frozen for good. */
  COMMITTED(5),
  /** Target: the stub is being rebuilt. */
  LOADING(6),
  /** Target: rebuilt, has not run. */
  READY(7),
  /** Target: the process has resumed. */
  RUNNING(8),
  /** Nothing is held any more. */
  FINISHED(9),
  /** Being undone. */
  ABORTING(10),
  /** Source thawed or target killed. */
  ABORTED(11);

  private final int code;

  KernelState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
