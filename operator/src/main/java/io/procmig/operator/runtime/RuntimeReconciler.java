// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ContextInitializer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.Workflow;
import io.javaoperatorsdk.operator.api.reconciler.dependent.Dependent;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.api.v1alpha1.MigrationRuntimeStatus;
import io.procmig.operator.config.OperatorConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/** Keeps the agents as {@link MigrationRuntime} says: their certificate and their DaemonSet. */
@ControllerConfiguration(name = "runtime")
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 500, maxInterval = 30_000)
@Workflow(
    dependents = {
      @Dependent(
          name = "authority",
          type = AuthoritySecret.class,
          readyPostcondition = SecretStored.class),
      @Dependent(
          name = "certificate",
          type = CertificateSecret.class,
          dependsOn = "authority",
          readyPostcondition = SecretStored.class),
      @Dependent(
          name = "agents",
          type = AgentDaemonSet.class,
          dependsOn = "certificate",
          readyPostcondition = AgentsReady.class)
    })
public final class RuntimeReconciler
    implements Reconciler<MigrationRuntime>, ContextInitializer<MigrationRuntime> {
  /** Certificates age without an event. */
  private static final Duration CERTIFICATE_CHECK = Duration.ofHours(1);

  private final OperatorConfig config;
  private final Clock clock;

  /** Makes a reconciler that takes the time from the given clock. */
  public RuntimeReconciler(OperatorConfig config, Clock clock) {
    this.config = config;
    this.clock = clock;
  }

  @Override
  public void initContext(MigrationRuntime runtime, Context<MigrationRuntime> context) {
    new RuntimeContext(config, clock).putInto(context);
  }

  @Override
  public UpdateControl<MigrationRuntime> reconcile(
      MigrationRuntime runtime, Context<MigrationRuntime> context) {
    Optional<AgentReadiness> agents =
        context.getSecondaryResource(DaemonSet.class).map(AgentReadiness::of);
    MigrationRuntimeStatus after = RuntimeReport.of(runtime, agents, clock.instant());
    if (runtime.getStatus() != null
        && Serialization.asJson(runtime.getStatus()).equals(Serialization.asJson(after))) {
      return UpdateControl.<MigrationRuntime>noUpdate().rescheduleAfter(CERTIFICATE_CHECK);
    }
    return UpdateControl.patchStatus(statusOnly(runtime, after)).rescheduleAfter(CERTIFICATE_CHECK);
  }

  @Override
  public ErrorStatusUpdateControl<MigrationRuntime> updateErrorStatus(
      MigrationRuntime runtime, Context<MigrationRuntime> context, Exception failure) {
    Optional<AgentReadiness> agents =
        context.getSecondaryResource(DaemonSet.class).map(AgentReadiness::of);
    return ErrorStatusUpdateControl.patchStatus(
        statusOnly(runtime, RuntimeReport.ofFailure(runtime, agents, failure, clock.instant())));
  }

  /** What server-side apply needs: the fields that this operator owns, and no others. */
  private static MigrationRuntime statusOnly(
      MigrationRuntime runtime, MigrationRuntimeStatus status) {
    MigrationRuntime fresh = new MigrationRuntime();
    fresh.getMetadata().setName(runtime.getMetadata().getName());
    fresh.setSpec(null);
    fresh.setStatus(status);
    return fresh;
  }
}
