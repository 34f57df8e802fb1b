// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Token;

/** Starts the stub that becomes the process. */
public interface StubLauncher {
  /**
   * What the stub is told.
   *
   * @param token names the restart request that it enters
   * @param pid the PID that it takes
   * @param monotonicOffsetNs added to CLOCK_MONOTONIC in its time namespace
   * @param boottimeOffsetNs likewise CLOCK_BOOTTIME
   */
  record Order(Token token, int pid, long monotonicOffsetNs, long boottimeOffsetNs) {}

  /**
   * Starts a stub; it exists when this returns and is no child of the agent.
   *
   * @throws TransferException PidTaken, PermissionDenied, RestartFailed
   */
  void launch(Order order);

  /** What a stub said after it had been started, before the kernel refused it; empty: nothing. */
  String complaint(Token token);
}
