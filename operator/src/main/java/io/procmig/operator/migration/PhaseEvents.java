// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.procmig.api.v1alpha1.Failure;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * The events of a migration: one for every phase that an attempt enters. An event's name is
 * determined by what it tells, so each is stored once, however often the operator restarts between
 * telling it and recording that it did.
 */
final class PhaseEvents {
  private static final List<MigrationPhase> WAY =
      List.of(
          MigrationPhase.Pending,
          MigrationPhase.Preflight,
          MigrationPhase.PreparingTarget,
          MigrationPhase.Transferring,
          MigrationPhase.Frozen,
          MigrationPhase.Restoring,
          MigrationPhase.Draining,
          MigrationPhase.Succeeded);

  private PhaseEvents() {}

  /** The events for what has changed from one status to the next. */
  static List<Event> of(
      ProcessMigration migration,
      ProcessMigrationStatus before,
      ProcessMigrationStatus after,
      Instant now) {
    List<Event> events = new ArrayList<>();
    for (MigrationPhase phase : entered(migration, before.getPhase(), after.getPhase())) {
      events.add(event(migration, after, phase, now));
    }
    return events;
  }

  /** Phases can be too short to be observed; those that were passed through are told, too. */
  private static List<MigrationPhase> entered(
      ProcessMigration migration, MigrationPhase from, MigrationPhase to) {
    if (from == to) {
      return List.of();
    }
    int start = from == null ? -1 : WAY.indexOf(from);
    int end = WAY.indexOf(to);
    boolean dryRun = Boolean.TRUE.equals(migration.getSpec().getDryRun());
    return end > start && !dryRun ? WAY.subList(start + 1, end + 1) : List.of(to);
  }

  private static Event event(
      ProcessMigration migration,
      ProcessMigrationStatus status,
      MigrationPhase phase,
      Instant now) {
    ObjectMeta meta = migration.getMetadata();
    int attempt = Objects.requireNonNullElse(status.getAttempt(), 0);
    String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
    boolean current = phase == status.getPhase();
    Failure failure = status.getFailure();
    boolean bad = current && failure != null;
    String message =
        current
            ? status.getConditions().get(0).getMessage()
            : "Passed through phase " + phase + ".";
    return new EventBuilder()
        .withNewMetadata()
        .withNamespace(meta.getNamespace())
        .withName(
            String.join(
                ".",
                meta.getName(),
                meta.getUid(),
                Integer.toString(attempt),
                phase.name().toLowerCase(Locale.ROOT)))
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion(migration.getApiVersion())
        .withKind(migration.getKind())
        .withNamespace(meta.getNamespace())
        .withName(meta.getName())
        .withUid(meta.getUid())
        .endInvolvedObject()
        .withType(bad ? "Warning" : "Normal")
        .withReason(bad ? failure.reason().name() : phase.name())
        .withMessage(message)
        .withFirstTimestamp(time)
        .withLastTimestamp(time)
        .withCount(1)
        .withReportingComponent("procmig-operator")
        .withNewSource()
        .withComponent("procmig-operator")
        .endSource()
        .build();
  }
}
