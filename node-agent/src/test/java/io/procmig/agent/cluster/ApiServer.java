// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.cluster;

import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real API server with procmig's definitions, rights and policies, one for all tests of this
 * virtual machine.
 *
 * <p>The binaries come from system properties {@code procmig.kube-apiserver} and {@code
 * procmig.etcd}, else kube-api-test downloads them.
 */
public final class ApiServer {
  private static final String SYSTEM = "procmig-system";
  private static final String ACCOUNT = "procmig-node-agent";
  private static final Path MANIFESTS =
      Path.of("").toAbsolutePath().getParent().resolve("manifests");
  private static final Path DIRECTORY = Path.of("target/kube-api-test").toAbsolutePath();

  private static ApiServer instance;

  private final Config rights;

  private ApiServer() {
    try {
      String given = System.getProperty("procmig.kube-apiserver", "");
      Files.createDirectories(DIRECTORY);
      if (!given.isEmpty()) {
        link(Path.of(given));
      }
      KubeAPIServer server =
          new KubeAPIServer(
              KubeAPIServerConfigBuilder.anAPIServerConfig()
                  .withTestDir(DIRECTORY.toString())
                  .withOfflineMode(!given.isEmpty())
                  .withApiServerFlag("--bind-address", "127.0.0.1")
                  .withApiServerFlag("--advertise-address", "127.0.0.1")
                  .withUpdateKubeConfig(false)
                  .build());
      server.start();
      Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
      rights = Config.fromKubeconfig(server.getKubeConfigYaml());
      applyManifests();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start an API server for tests", e);
    }
  }

  private static synchronized ApiServer instance() {
    if (instance == null) {
      instance = new ApiServer();
    }
    return instance;
  }

  /** A new client with all rights. */
  public static KubernetesClient admin() {
    return new KubernetesClientBuilder()
        .withConfig(new ConfigBuilder(instance().rights).build())
        .build();
  }

  /** A new client with a token that is bound to a pod on a node, as the kubelet gives it. */
  public static KubernetesClient agent(String node) {
    try (KubernetesClient client = admin()) {
      Pod pod =
          client
              .resource(
                  new PodBuilder()
                      .withNewMetadata()
                      .withName("agent-on-" + node)
                      .withNamespace(SYSTEM)
                      .endMetadata()
                      .withNewSpec()
                      .withServiceAccountName(ACCOUNT)
                      .withNodeName(node)
                      .addNewContainer()
                      .withName("agent")
                      .withImage("agent")
                      .endContainer()
                      .endSpec()
                      .build())
              .serverSideApply();
      String token =
          client
              .serviceAccounts()
              .inNamespace(SYSTEM)
              .withName(ACCOUNT)
              .tokenRequest(
                  new TokenRequestBuilder()
                      .withNewSpec()
                      .withNewBoundObjectRef("v1", "Pod", pod.getMetadata().getName(), null)
                      .endSpec()
                      .build())
              .getStatus()
              .getToken();
      return new KubernetesClientBuilder()
          .withConfig(
              new ConfigBuilder(instance().rights)
                  .withClientCertData(null)
                  .withClientKeyData(null)
                  .withClientCertFile(null)
                  .withClientKeyFile(null)
                  .withOauthToken(token)
                  .build())
          .build();
    }
  }

  /** Puts the binaries where kube-api-test looks for those that it has downloaded. */
  private static void link(Path apiServer) throws IOException {
    Path bin = Files.createDirectories(DIRECTORY.resolve("k8s").resolve("1.0.0-linux-amd64"));
    for (String name : new String[] {"kube-apiserver", "kubectl"}) {
      Files.deleteIfExists(bin.resolve(name));
      Files.createSymbolicLink(bin.resolve(name), apiServer.resolveSibling(name));
    }
    // etcd would listen on every interface; nothing in it is worth waiting for a disk.
    Path etcd = bin.resolve("etcd");
    Files.deleteIfExists(etcd);
    Files.writeString(
        etcd,
        """
        #!/bin/sh
        for argument do
          shift
          set -- "$@" "$(printf %%s "$argument" | sed s/0\\.0\\.0\\.0/127.0.0.1/)"
        done
        exec %s --unsafe-no-fsync "$@"
        """
            .formatted(System.getProperty("procmig.etcd", "/usr/bin/etcd")));
    Files.setPosixFilePermissions(etcd, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void applyManifests() throws IOException {
    try (KubernetesClient client =
        new KubernetesClientBuilder().withConfig(new ConfigBuilder(rights).build()).build()) {
      client
          .resource(new NamespaceBuilder().withNewMetadata().withName(SYSTEM).endMetadata().build())
          .serverSideApply();
      for (String directory : new String[] {"crds", "rbac", "policies"}) {
        apply(client, MANIFESTS.resolve(directory));
      }
      client
          .apiextensions()
          .v1()
          .customResourceDefinitions()
          .list()
          .getItems()
          .forEach(
              definition ->
                  client
                      .resource(definition)
                      .waitUntilCondition(
                          now ->
                              now.getStatus().getConditions().stream()
                                  .anyMatch(
                                      c ->
                                          c.getType().equals("Established")
                                              && c.getStatus().equals("True")),
                          90,
                          TimeUnit.SECONDS));
    }
  }

  private static void apply(KubernetesClient client, Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        if (!file.getFileName().toString().equals("kustomization.yaml")) {
          try (InputStream stream = Files.newInputStream(file)) {
            for (HasMetadata object : client.load(stream).items()) {
              client.resource(object).serverSideApply();
            }
          }
        }
      }
    }
  }
}
