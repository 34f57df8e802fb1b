// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Token;
import java.util.concurrent.CompletableFuture;

/** The source's agent as the target's sees it. */
public interface SourcePeer {
  /** What was decided about a token; ends exceptionally when there was no answer. */
  CompletableFuture<Answer> outcome(Token token);
}
