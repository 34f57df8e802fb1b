// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.CRUDKubernetesDependentResource;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.KubernetesDependent;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.operator.certificate.AgentCertificates;

/** The secret with the certificate that all agents share; mounted into their pods. */
@KubernetesDependent(
    informer =
        @Informer(
            namespaces = Constants.WATCH_CURRENT_NAMESPACE,
            labelSelector = RuntimeContext.OWNED))
public final class CertificateSecret
    extends CRUDKubernetesDependentResource<Secret, MigrationRuntime> {
  static final String NAME = "procmig-agent-tls";

  /** Made by the operator SDK. */
  public CertificateSecret() {
    super(Secret.class);
  }

  @Override
  protected Secret desired(MigrationRuntime runtime, Context<MigrationRuntime> context) {
    RuntimeContext surroundings = RuntimeContext.of(context);
    return new SecretBuilder()
        .withMetadata(surroundings.meta(NAME).build())
        .withType("kubernetes.io/tls")
        .withData(
            AgentCertificates.agent(
                AuthoritySecret.stored(AuthoritySecret.NAME, context),
                AuthoritySecret.stored(NAME, context),
                surroundings.clock().instant(),
                surroundings.config().certificateLifetime()))
        .build();
  }
}
