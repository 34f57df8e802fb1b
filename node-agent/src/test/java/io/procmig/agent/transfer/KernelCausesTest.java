// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import org.junit.jupiter.api.Test;

class KernelCausesTest {
  /** So that the words of the side that hung up are heard, which knows why. */
  @Test
  void peerThatHungUpBeforeTheBeginIsAnInterruption() {
    KernelException failure = new KernelException("checkpoint", "process 7", Errno.ENOTCONN);

    assertEquals(
        Reason.TransferInterrupted,
        KernelCauses.of(failure, Component.SourceKernel, "Submit").reason());
  }
}
