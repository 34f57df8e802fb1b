// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.operator.config.OperatorConfig;
import java.time.Clock;
import java.util.Map;

/** What the dependents of a {@link MigrationRuntime} need besides it. */
record RuntimeContext(OperatorConfig config, Clock clock) {
  /** Label that marks what this operator owns; its informers see nothing else. */
  static final String OWNED = "app.kubernetes.io/managed-by=procmig-operator";

  /** Label that selects the agents' pods. */
  static final Map<String, String> AGENT_LABELS =
      Map.of("app.kubernetes.io/name", "procmig-node-agent");

  private static final String KEY = RuntimeContext.class.getName();

  static RuntimeContext of(Context<MigrationRuntime> context) {
    return context
        .managedWorkflowAndDependentResourceContext()
        .getMandatory(KEY, RuntimeContext.class);
  }

  void putInto(Context<MigrationRuntime> context) {
    context.managedWorkflowAndDependentResourceContext().put(KEY, this);
  }

  /** Name, namespace and labels of an owned object. */
  ObjectMetaBuilder meta(String name) {
    return new ObjectMetaBuilder()
        .withName(name)
        .withNamespace(config.namespace())
        .addToLabels(AGENT_LABELS)
        .addToLabels("app.kubernetes.io/managed-by", "procmig-operator")
        .addToLabels("app.kubernetes.io/part-of", "procmig");
  }
}
