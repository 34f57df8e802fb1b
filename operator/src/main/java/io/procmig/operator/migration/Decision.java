// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.operator.placement.PlacementResult.Placed;
import java.time.Instant;
import java.util.Optional;

/** What to do about one migration now: exactly one of these. */
sealed interface Decision {
  /** Record that the migration is accepted and until when it must be committed. */
  record Accept(Instant deadline) implements Decision {}

  /**
   * Do nothing but report.
   *
   * @param reason why the migration is where it is
   * @param recheck when to look again if nothing happens before; empty means only when something
   *     happens
   */
  record Wait(Reason reason, String message, Optional<Instant> recheck) implements Decision {}

  /** Create the tasks of an attempt, or those of them that are missing. */
  record StartAttempt(int attempt, Placed placement) implements Decision {}

  /** Order the transfer: both sides have passed their preflight. */
  record Proceed() implements Decision {}

  /**
   * Tell the agents to stop, as far as that is still safe.
   *
   * @param cause why; what the attempt will have failed of
   */
  record Cancel(Failure cause) implements Decision {}

  /** Give this attempt up and start another one later. */
  record Retry(Failure failure, Instant at) implements Decision {}

  /**
   * End the migration.
   *
   * @param outcome one of the final phases
   * @param failure why it did not move the process; empty if it did, or should not
   * @param message what to tell
   */
  record Finish(MigrationPhase outcome, Optional<Failure> failure, Reason reason, String message)
      implements Decision {}

  /** Let the object of a migration that is over, or never began, go. */
  record Release() implements Decision {}

  /** Delete the object: its time to live is over. */
  record Delete() implements Decision {}

  /** Nothing to do and nothing to report: the migration is over. */
  record Rest(Optional<Instant> recheck) implements Decision {}
}
