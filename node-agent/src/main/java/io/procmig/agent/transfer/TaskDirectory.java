// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Token;
import java.util.Optional;

/** The MigrationTasks of this node, as far as sessions need them. */
public interface TaskDirectory {
  /**
   * The task of this node with role Target for a token, if the operator has ordered the transfer
   * and the source node is its peer. This is what authorizes another agent to use this node.
   */
  Optional<TaskRef> target(Token token, String sourceNode);

  /** A source's session has changed. */
  void reported(TaskRef task, Token token, SourceReport report);

  /** A target's session has changed. */
  void reported(TaskRef task, Token token, TargetReport report);
}
