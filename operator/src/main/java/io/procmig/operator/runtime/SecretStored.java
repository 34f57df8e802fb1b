// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.Secret;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.dependent.DependentResource;
import io.javaoperatorsdk.operator.processing.dependent.workflow.Condition;
import io.procmig.api.v1alpha1.MigrationRuntime;

/** What depends on a secret waits until it is stored. */
public final class SecretStored implements Condition<Secret, MigrationRuntime> {
  @Override
  public boolean isMet(
      DependentResource<Secret, MigrationRuntime> dependent,
      MigrationRuntime runtime,
      Context<MigrationRuntime> context) {
    return dependent.getSecondaryResource(runtime, context).isPresent();
  }
}
