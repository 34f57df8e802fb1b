// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskOwner;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import io.procmig.api.v1alpha1.Peer;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationSpec;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.operator.migration.Decision.StartAttempt;
import io.procmig.operator.placement.NodeView;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/** The two tasks of an attempt. Their names are determined, so creating them twice is harmless. */
final class AttemptTasks {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int TOKEN_BYTES = 16;

  private AttemptTasks() {}

  /** Name of a task. */
  static String name(ProcessMigration migration, int attempt, TaskRole role) {
    return migration.getMetadata().getName()
        + "-"
        + attempt
        + "-"
        + role.name().toLowerCase(Locale.ROOT);
  }

  /** A token that nobody can guess and that was never used before. */
  static String newToken() {
    byte[] token = new byte[TOKEN_BYTES];
    RANDOM.nextBytes(token);
    return HexFormat.of().formatHex(token);
  }

  /** One side of an attempt, ready to be created. */
  static MigrationTask task(Observation seen, StartAttempt start, TaskRole role, String token) {
    NodeView own = end(start, role);
    NodeView peer = end(start, role == TaskRole.Source ? TaskRole.Target : TaskRole.Source);
    ProcessMigration migration = seen.migration();
    ProcessMigrationSpec wish = migration.getSpec();
    MigrationTaskSpec spec = new MigrationTaskSpec();
    spec.setMigrationRef(
        new MigrationTaskOwner(
            migration.getMetadata().getName(), migration.getMetadata().getUid()));
    spec.setNodeName(own.name());
    spec.setRole(role);
    spec.setAttempt(start.attempt());
    spec.setToken(token);
    spec.setPeer(new Peer(peer.name(), peer.controlAddress()));
    spec.setProcess(wish.getSource().process());
    spec.setSelector(wish.getSource().selector());
    spec.setScope(wish.getSource().scope());
    spec.setMode(wish.getMode());
    spec.setMechanisms(wish.getMechanisms());
    spec.setDeadlineTime(seen.status().getDeadlineTime());
    spec.setQuiesceTimeout(wish.getQuiesceTimeout());
    spec.setDryRun(seen.dryRun());
    spec.setProceed(false);
    spec.setCancel(false);

    MigrationTask task = new MigrationTask();
    task.setMetadata(
        new ObjectMetaBuilder()
            .withName(name(migration, start.attempt(), role))
            .withNamespace(migration.getMetadata().getNamespace())
            .withLabels(
                Map.of(
                    Api.LABEL_MIGRATION, migration.getMetadata().getName(),
                    Api.LABEL_NODE, own.name()))
            // Held until the migration is over: a task that is deleted early would leave its agent
            // without orders.
            .withFinalizers(Api.FINALIZER)
            .build());
    task.addOwnerReference(migration);
    task.setSpec(spec);
    return task;
  }

  private static NodeView end(StartAttempt start, TaskRole role) {
    return switch (role) {
      case Source -> start.placement().source();
      case Target -> start.placement().target();
    };
  }
}
