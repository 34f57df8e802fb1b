// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.dependent.DependentResource;
import io.javaoperatorsdk.operator.processing.dependent.workflow.Condition;
import io.procmig.api.v1alpha1.MigrationRuntime;

/** Whether every node that should run an agent has one that is ready and up to date. */
public final class AgentsReady implements Condition<DaemonSet, MigrationRuntime> {
  @Override
  public boolean isMet(
      DependentResource<DaemonSet, MigrationRuntime> dependent,
      MigrationRuntime runtime,
      Context<MigrationRuntime> context) {
    return dependent
        .getSecondaryResource(runtime, context)
        .map(AgentReadiness::of)
        .filter(AgentReadiness::complete)
        .isPresent();
  }
}
