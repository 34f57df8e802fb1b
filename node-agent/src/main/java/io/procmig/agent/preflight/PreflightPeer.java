// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.Token;
import io.procmig.api.v1alpha1.Obstacle;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The target's preflight as the source's agent asks for it. */
public interface PreflightPeer {
  /**
   * The target's obstacles; nothing when its task is not there yet. Ends exceptionally when there
   * was no answer.
   *
   * @param address control address of the target's agent
   */
  CompletableFuture<Optional<List<Obstacle>>> preflight(
      String address, Token token, SourceFacts facts);
}
