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
  private static final AgentReadiness NONE = new AgentReadiness(false, 0, 0, 0);

  private RuntimeReport() {}

  /** The status when the agents' objects are as they should be. */
  static MigrationRuntimeStatus of(
      MigrationRuntime runtime, Optional<AgentReadiness> agents, Instant now) {
    AgentReadiness seen = agents.orElse(NONE);
    Reason reason = reason(seen);
    String message =
        seen.ready() + " of " + seen.desired() + " agents are ready. " + reason.nextStep();
    return build(runtime, seen, seen.complete(), reason, message, now);
  }

  /** The status when the agents' objects cannot be brought to what they should be. */
  static MigrationRuntimeStatus ofFailure(
      MigrationRuntime runtime, Optional<AgentReadiness> agents, Exception failure, Instant now) {
    String message =
        "The agents' objects cannot be written: "
            + failure.getMessage()
            + " The operator tries again.";
    return build(runtime, agents.orElse(NONE), false, Reason.InternalError, message, now);
  }

  private static MigrationRuntimeStatus build(
      MigrationRuntime runtime,
      AgentReadiness seen,
      boolean ready,
      Reason reason,
      String message,
      Instant now) {
    MigrationRuntimeStatus before =
        Objects.requireNonNullElseGet(runtime.getStatus(), MigrationRuntimeStatus::new);
    Long generation = runtime.getMetadata().getGeneration();
    MigrationRuntimeStatus status = new MigrationRuntimeStatus();
    status.setObservedGeneration(generation);
    status.setAgents(new AgentCounts(seen.desired(), seen.ready(), seen.updated()));
    status.setConditions(
        new ConditionList(before.getConditions(), generation, now)
            .add(Api.READY, ready, reason, message)
            .add(Api.RECONCILING, !ready, reason, message)
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
