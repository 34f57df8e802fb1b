// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.placement;

import io.procmig.api.v1alpha1.Reason;

/** Where a migration can go. */
public sealed interface PlacementResult {
  /**
   * Both nodes are found.
   *
   * @param candidates how many nodes could have been the target
   * @param message why this target was chosen
   */
  record Placed(NodeView source, NodeView target, int candidates, String message)
      implements PlacementResult {}

  /** The nodes are right but take part in as many migrations as they may. */
  record Busy(String message) implements PlacementResult {}

  /** It cannot be done as it was asked for. */
  record Refused(Reason reason, String message) implements PlacementResult {}
}
