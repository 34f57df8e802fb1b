// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationTask;

/** The agent's client to the API server. */
final class ApiConnection {
  /** On a busy node the first answer takes long. */
  private static final int PATIENCE_MS = 30_000;

  private ApiConnection() {}

  /** A client with the rights of the pod's service account, or of the current kubeconfig. */
  static KubernetesClient open() {
    return open(new ConfigBuilder());
  }

  /** A client without any rights, of the API server at that address. */
  static KubernetesClient open(String address) {
    return open(new ConfigBuilder(Config.empty()).withMasterUrl(address));
  }

  private static KubernetesClient open(ConfigBuilder config) {
    // Without a search on the class path, which would load a class for every kind of Kubernetes.
    KubernetesSerialization kinds = new KubernetesSerialization(new ObjectMapper(), false);
    kinds.registerKubernetesResource(MigrationTask.class);
    kinds.registerKubernetesResource(MigrationNode.class);
    kinds.registerKubernetesResource(Node.class);
    kinds.registerKubernetesResource(Status.class);
    return new KubernetesClientBuilder()
        .withConfig(
            config
                .withConnectionTimeout(PATIENCE_MS)
                .withRequestTimeout(PATIENCE_MS)
                // A connection that stalls is closed with the request that waits for it, instead
                // of being kept for the next ones.
                .withHttp2Disable(true)
                .build())
        .withKubernetesSerialization(kinds)
        .withHttpClientFactory(new JdkHttpClientFactory())
        .build();
  }
}
