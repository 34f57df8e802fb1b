// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.procmig.api.v1alpha1.MigrationPhase;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The phases of a migration as one table: which phase follows which on what.
 *
 * <p>A migration never goes back, because what is observed may be older than what was reported;
 * only giving up an attempt starts over. Once the process belongs to the target nobody can cancel;
 * only the agents can still roll back, with the target's proof that the process never ran there. A
 * final phase is final.
 */
final class PhaseTable {
  /** What may be observed of, or decided for, a migration. */
  enum Event {
    ACCEPTED,
    PREFLIGHT,
    PREPARING_TARGET,
    TRANSFERRING,
    FROZEN,
    RESTORING,
    COMMITTED,
    ATTEMPT_GIVEN_UP,
    SUCCEEDED,
    FAILED,
    CANCELED,
    ROLLED_BACK
  }

  /** Stands for "stays as it is". */
  private static final MigrationPhase STAY = null;

  private static final Map<MigrationPhase, Map<Event, Optional<MigrationPhase>>> NEXT = table();

  private PhaseTable() {}

  /**
   * The phase that follows.
   *
   * @throws IllegalStateException if the event cannot happen in the phase; the planner never lets
   *     it
   */
  static MigrationPhase next(MigrationPhase phase, Event event) {
    Optional<MigrationPhase> next = NEXT.get(phase).get(event);
    if (next == null) {
      throw new IllegalStateException(event + " cannot happen in phase " + phase);
    }
    return next.orElse(phase);
  }

  /** Whether a phase is final. */
  static boolean isFinal(MigrationPhase phase) {
    return NEXT.get(phase).isEmpty();
  }

  private static Map<MigrationPhase, Map<Event, Optional<MigrationPhase>>> table() {
    Map<MigrationPhase, Map<Event, Optional<MigrationPhase>>> table =
        new EnumMap<>(MigrationPhase.class);
    for (MigrationPhase phase : MigrationPhase.values()) {
      table.put(phase, Collections.unmodifiableMap(row(phase)));
    }
    return Collections.unmodifiableMap(table);
  }

  private static Map<Event, Optional<MigrationPhase>> row(MigrationPhase phase) {
    return switch (phase) {
      case Pending -> beforeCommit(phase, STAY);
      case Preflight, PreparingTarget, Transferring, Frozen, Restoring ->
          beforeCommit(phase, MigrationPhase.Pending);
      case Draining -> draining();
      case Succeeded, Failed, Canceled, RolledBack -> new EnumMap<>(Event.class);
    };
  }

  private static Map<Event, Optional<MigrationPhase>> beforeCommit(
      MigrationPhase phase, MigrationPhase givenUp) {
    Map<Event, Optional<MigrationPhase>> row = new EnumMap<>(Event.class);
    row.put(Event.ACCEPTED, Optional.ofNullable(STAY));
    row.put(Event.PREFLIGHT, forward(phase, MigrationPhase.Preflight));
    row.put(Event.PREPARING_TARGET, forward(phase, MigrationPhase.PreparingTarget));
    row.put(Event.TRANSFERRING, forward(phase, MigrationPhase.Transferring));
    row.put(Event.FROZEN, forward(phase, MigrationPhase.Frozen));
    row.put(Event.RESTORING, forward(phase, MigrationPhase.Restoring));
    row.put(Event.COMMITTED, Optional.of(MigrationPhase.Draining));
    row.put(Event.ATTEMPT_GIVEN_UP, Optional.ofNullable(givenUp));
    row.put(Event.SUCCEEDED, Optional.of(MigrationPhase.Succeeded));
    row.put(Event.FAILED, Optional.of(MigrationPhase.Failed));
    row.put(Event.CANCELED, Optional.of(MigrationPhase.Canceled));
    row.put(Event.ROLLED_BACK, Optional.of(MigrationPhase.RolledBack));
    return row;
  }

  private static Map<Event, Optional<MigrationPhase>> draining() {
    Map<Event, Optional<MigrationPhase>> row = new EnumMap<>(Event.class);
    for (Event late :
        new Event[] {
          Event.ACCEPTED,
          Event.PREFLIGHT,
          Event.PREPARING_TARGET,
          Event.TRANSFERRING,
          Event.FROZEN,
          Event.RESTORING,
          Event.COMMITTED
        }) {
      row.put(late, Optional.ofNullable(STAY));
    }
    row.put(Event.SUCCEEDED, Optional.of(MigrationPhase.Succeeded));
    row.put(Event.FAILED, Optional.of(MigrationPhase.Failed));
    row.put(Event.ROLLED_BACK, Optional.of(MigrationPhase.RolledBack));
    row.put(Event.ATTEMPT_GIVEN_UP, Optional.of(MigrationPhase.Pending));
    return row;
  }

  private static Optional<MigrationPhase> forward(MigrationPhase from, MigrationPhase to) {
    return Optional.ofNullable(to.compareTo(from) > 0 ? to : STAY);
  }
}
