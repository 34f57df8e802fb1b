// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.operator.migration.PhaseTable.Event;

/** What two tasks together say about where their migration is. */
final class PhaseReport {
  private PhaseReport() {}

  /** The event that the sides' phases amount to: the one that is furthest on. */
  static Event event(Side source, Side target) {
    if (source.committed() || target.committed()) {
      return Event.COMMITTED;
    }
    Event first = event(source.phase());
    Event second = event(target.phase());
    return first.compareTo(second) >= 0 ? first : second;
  }

  private static Event event(TaskPhase phase) {
    return switch (phase) {
      // A side that is over without commit tells nothing about how far the attempt came.
      case Pending, Resolving, Preflight, Succeeded, Failed, Canceled, RolledBack ->
          Event.PREFLIGHT;
      case PreparingTarget -> Event.PREPARING_TARGET;
      case Transferring -> Event.TRANSFERRING;
      case Frozen -> Event.FROZEN;
      case Restoring -> Event.RESTORING;
      case Committed, Draining -> Event.COMMITTED;
    };
  }

  /** The reason that conditions give while the event is the last one. */
  static Reason reason(Event event) {
    return switch (event) {
      case ACCEPTED -> Reason.Accepted;
      case PREFLIGHT -> Reason.Preflight;
      case PREPARING_TARGET -> Reason.PreparingTarget;
      case TRANSFERRING -> Reason.Transferring;
      case FROZEN -> Reason.Frozen;
      case RESTORING -> Reason.Restoring;
      case COMMITTED -> Reason.Draining;
      case ATTEMPT_GIVEN_UP -> Reason.Retrying;
      case SUCCEEDED -> Reason.Succeeded;
      case FAILED, ROLLED_BACK -> Reason.InternalError;
      case CANCELED -> Reason.CanceledByUser;
    };
  }

  /** One line for people on what both sides do. */
  static String message(Side source, Side target) {
    return "Node "
        + source.nodeName()
        + ": "
        + source.phase()
        + "; node "
        + target.nodeName()
        + ": "
        + target.phase()
        + ".";
  }
}
