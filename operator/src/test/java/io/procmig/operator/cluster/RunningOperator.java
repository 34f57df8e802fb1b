// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.cluster;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.procmig.apiserver.ApiServer;
import java.util.Locale;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs a reconciler against the {@link ApiServer} for all tests of a class, which get a namespace
 * of their own. Unlike the operator SDK's extension it gives the operator no more rights than the
 * manifests do.
 */
public final class RunningOperator implements BeforeAllCallback, AfterAllCallback {
  private final Supplier<Reconciler<?>> reconciler;
  private final boolean namespaced;
  private String namespace;
  private KubernetesClient client;
  private Operator operator;

  /**
   * Makes an extension.
   *
   * @param reconciler makes a new reconciler for every start
   * @param namespaced whether it sees the namespace of the test class only
   */
  public RunningOperator(Supplier<Reconciler<?>> reconciler, boolean namespaced) {
    this.reconciler = reconciler;
    this.namespaced = namespaced;
  }

  /** The namespace of the test class. */
  public String namespace() {
    return namespace;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    namespace =
        context.getRequiredTestClass().getSimpleName().toLowerCase(Locale.ROOT)
            + "-"
            + Long.toString(System.nanoTime(), Character.MAX_RADIX);
    try (KubernetesClient admin = ApiServer.admin()) {
      admin
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .create();
    }
    start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    stop();
  }

  /** Starts a new operator that remembers nothing. */
  public void start() {
    client = ApiServer.operator();
    operator = new Operator(service -> service.withKubernetesClient(client));
    operator.register(
        reconciler.get(),
        controller -> {
          if (namespaced) {
            controller.settingNamespace(namespace);
          }
        });
    operator.start();
  }

  /** Stops the operator where it is. */
  public void stop() {
    operator.stop();
  }

  /** Stops the operator and starts another one. */
  public void restart() {
    stop();
    start();
  }
}
