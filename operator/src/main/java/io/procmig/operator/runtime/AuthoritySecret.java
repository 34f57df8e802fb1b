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
import java.util.Map;

/** The secret of the authority that signs the agents' certificate. Only the operator reads it. */
@KubernetesDependent(
    informer =
        @Informer(
            namespaces = Constants.WATCH_CURRENT_NAMESPACE,
            labelSelector = RuntimeContext.OWNED))
public final class AuthoritySecret
    extends CRUDKubernetesDependentResource<Secret, MigrationRuntime> {
  static final String NAME = "procmig-agent-ca";

  /** Made by the operator SDK. */
  public AuthoritySecret() {
    super(Secret.class);
  }

  static Map<String, String> stored(String name, Context<MigrationRuntime> context) {
    return context
        .getSecondaryResourcesAsStream(Secret.class)
        .filter(secret -> secret.getMetadata().getName().equals(name))
        .findFirst()
        .map(Secret::getData)
        .orElse(Map.of());
  }

  @Override
  protected Secret desired(MigrationRuntime runtime, Context<MigrationRuntime> context) {
    RuntimeContext surroundings = RuntimeContext.of(context);
    return new SecretBuilder()
        .withMetadata(surroundings.meta(NAME).build())
        .withType("kubernetes.io/tls")
        .withData(
            AgentCertificates.authority(stored(NAME, context), surroundings.clock().instant()))
        .build();
  }
}
