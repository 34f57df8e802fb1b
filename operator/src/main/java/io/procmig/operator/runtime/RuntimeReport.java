// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.procmig.api.v1alpha1.AgentCounts;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.api.v1alpha1.MigrationRuntimeStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.operator.condition.ConditionList;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** Builds the status of a runtime; a pure function. */
final class RuntimeReport {
  private RuntimeReport() {}

  static MigrationRuntimeStatus of(
      MigrationRuntime runtime, Optional<AgentReadiness> agents, Instant now) {
    MigrationRuntimeStatus before =
        Objects.requireNonNullElseGet(runtime.getStatus(), MigrationRuntimeStatus::new);
    Long generation = runtime.getMetadata().getGeneration();
    MigrationRuntimeStatus status = new MigrationRuntimeStatus();
    status.setObservedGeneration(generation);
    AgentReadiness seen = agents.orElse(new AgentReadiness(false, 0, 0, 0));
    status.setAgents(new AgentCounts(seen.desired(), seen.ready(), seen.updated()));

    Reason reason = reason(seen);
    String message =
        seen.ready() + " of " + seen.desired() + " agents are ready. " + reason.nextStep();
    status.setConditions(
        new ConditionList(before.getConditions(), generation, now)
            .add(Api.READY, seen.complete(), reason, message)
            .add(Api.RECONCILING, !seen.complete(), reason, message)
            .add(Api.STALLED, false, reason, message)
            .build());
    return status;
  }

  private static Reason reason(AgentReadiness agents) {
    if (!agents.complete()) {
      return Reason.AgentsNotReady;
    }
    return agents.desired() == 0 ? Reason.NoMatchingNodes : Reason.AgentsReady;
  }
}
