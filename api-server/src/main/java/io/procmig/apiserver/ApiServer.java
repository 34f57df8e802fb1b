// SPDX-License-Identifier: Apache-2.0
package io.procmig.apiserver;

import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real API server with etcd, one for all tests of this virtual machine, with procmig's manifests
 * applied. There are no controllers and no nodes.
 *
 * <p>The binaries come from system properties {@code procmig.kube-apiserver} and {@code
 * procmig.etcd}, else from the lab's cache, else kube-api-test downloads them.
 */
public final class ApiServer {
  /** Namespace of the operator. */
  public static final String SYSTEM = "procmig-system";

  private static final String AGENT = "procmig-node-agent";
  private static final Path MANIFESTS =
      Path.of("").toAbsolutePath().getParent().resolve("manifests");
  private static final Path DIRECTORY = Path.of("target/kube-api-test").toAbsolutePath();

  private static ApiServer instance;

  private final Config rights;
  private final Path kubeconfig = DIRECTORY.resolve("kubeconfig");
  private final Path kubectl;

  private ApiServer() {
    try {
      Files.createDirectories(DIRECTORY);
      Optional<Path> apiServer = binary("procmig.kube-apiserver", "kube-apiserver");
      apiServer.ifPresent(ApiServer::link);
      KubeAPIServer server =
          new KubeAPIServer(
              KubeAPIServerConfigBuilder.anAPIServerConfig()
                  .withTestDir(DIRECTORY.toString())
                  .withOfflineMode(apiServer.isPresent())
                  .withApiServerFlag("--bind-address", "127.0.0.1")
                  .withApiServerFlag("--advertise-address", "127.0.0.1")
                  .withUpdateKubeConfig(false)
                  .build());
      server.start();
      Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
      String yaml = server.getKubeConfigYaml();
      Files.writeString(kubeconfig, yaml);
      rights = Config.fromKubeconfig(yaml);
      kubectl = find("kubectl");
      applyManifests();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start an API server for tests", e);
    }
  }

  /**
   * Started when it is needed first, and not while the class is loaded: its clients' threads would
   * wait.
   */
  private static synchronized ApiServer instance() {
    if (instance == null) {
      instance = new ApiServer();
    }
    return instance;
  }

  /** A new client with all rights. */
  public static KubernetesClient admin() {
    return client(new ConfigBuilder(instance().rights).build());
  }

  /** A new client with the rights of the operator's service account, and no more. */
  public static KubernetesClient operator() {
    return client(
        new ConfigBuilder(instance().rights)
            .withImpersonateUsername("system:serviceaccount:" + SYSTEM + ":procmig-operator")
            .withImpersonateGroups("system:serviceaccounts", "system:authenticated")
            .withNamespace(SYSTEM)
            .build());
  }

  /**
   * A new client that is the agent of a node: with a token bound to a pod on that node, as the
   * kubelet gives it to the agent.
   *
   * @param node null for an agent whose token is bound to nothing
   */
  public static KubernetesClient agent(String node) {
    TokenRequestBuilder request = new TokenRequestBuilder().withNewSpec().endSpec();
    try (KubernetesClient client = admin()) {
      if (node != null) {
        Pod pod =
            client
                .resource(
                    new PodBuilder()
                        .withNewMetadata()
                        .withName("agent-on-" + node)
                        .withNamespace(SYSTEM)
                        .endMetadata()
                        .withNewSpec()
                        .withServiceAccountName(AGENT)
                        .withNodeName(node)
                        .addNewContainer()
                        .withName("agent")
                        .withImage("agent")
                        .endContainer()
                        .endSpec()
                        .build())
                .serverSideApply();
        request
            .editSpec()
            .withNewBoundObjectRef("v1", "Pod", pod.getMetadata().getName(), null)
            .endSpec();
      }
      String token =
          client
              .serviceAccounts()
              .inNamespace(SYSTEM)
              .withName(AGENT)
              .tokenRequest(request.build())
              .getStatus()
              .getToken();
      return client(
          new ConfigBuilder(instance().rights)
              .withClientCertData(null)
              .withClientKeyData(null)
              .withClientCertFile(null)
              .withClientKeyFile(null)
              .withOauthToken(token)
              .withNamespace(SYSTEM)
              .build());
    }
  }

  /** A new client for a user who is in no group. */
  public static KubernetesClient user(String name) {
    return client(
        new ConfigBuilder(instance().rights)
            .withImpersonateUsername(name)
            .withImpersonateGroups("system:authenticated")
            .build());
  }

  /**
   * Runs kubectl with all rights.
   *
   * @return what it printed on both streams
   * @throws AssertionError if it fails, or takes longer than half a minute
   */
  public static String kubectl(String... arguments) throws IOException, InterruptedException {
    Process process = startKubectl(arguments);
    String output;
    try (InputStream stream = process.getInputStream()) {
      output = new String(stream.readAllBytes());
    }
    if (!process.waitFor(90, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new AssertionError("kubectl " + String.join(" ", arguments) + ": " + output);
    }
    return output;
  }

  /** Starts kubectl with all rights. */
  public static Process startKubectl(String... arguments) throws IOException {
    List<String> command =
        Stream.concat(
                Stream.of(
                    instance().kubectl.toString(),
                    "--kubeconfig",
                    instance().kubeconfig.toString()),
                Stream.of(arguments))
            .toList();
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static KubernetesClient client(Config config) {
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  private static Optional<Path> binary(String property, String name) throws IOException {
    String given = System.getProperty(property, "");
    if (!given.isEmpty()) {
      return Optional.of(Path.of(given));
    }
    String environment = System.getenv("PROCMIG_CACHE");
    Path cache =
        environment != null
            ? Path.of(environment)
            : Path.of(System.getProperty("user.home"), ".cache", "procmig");
    if (!Files.isDirectory(cache)) {
      return Optional.empty();
    }
    try (Stream<Path> entries = Files.list(cache)) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith("controlplane-"))
          .map(entry -> entry.resolve("bin").resolve(name))
          .filter(Files::isExecutable)
          .max(Comparator.comparingLong(path -> path.toFile().lastModified()));
    }
  }

  /** Puts the binaries where kube-api-test looks for those that it has downloaded. */
  private static void link(Path apiServer) {
    Path bin = DIRECTORY.resolve("k8s").resolve("1.0.0-linux-amd64");
    String etcd = System.getProperty("procmig.etcd", "");
    try {
      Files.createDirectories(bin);
      for (String name : new String[] {"kube-apiserver", "kubectl"}) {
        Files.deleteIfExists(bin.resolve(name));
        Files.createSymbolicLink(bin.resolve(name), apiServer.resolveSibling(name));
      }
      // kube-api-test lets etcd listen on every interface and offers no setting for that.
      // Nothing in here is worth waiting for a disk.
      Path wrapper = bin.resolve("etcd");
      Files.deleteIfExists(wrapper);
      Files.writeString(
          wrapper,
          """
          #!/bin/sh
          for argument do
            shift
            set -- "$@" "$(printf %%s "$argument" | sed s/0\\.0\\.0\\.0/127.0.0.1/)"
          done
          exec %s --unsafe-no-fsync "$@"
          """
              .formatted(etcd.isEmpty() ? "/usr/bin/etcd" : etcd));
      Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot prepare " + bin, e);
    }
  }

  private static Path find(String name) throws IOException {
    try (Stream<Path> files = Files.walk(DIRECTORY.resolve("k8s"))) {
      return files
          .filter(file -> file.getFileName().toString().equals(name))
          .findFirst()
          .orElseThrow();
    }
  }

  private void applyManifests() throws IOException {
    try (KubernetesClient client = client(rights)) {
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
          .forEach(definition -> awaitEstablished(client, definition));
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

  private static void awaitEstablished(
      KubernetesClient client, CustomResourceDefinition definition) {
    client
        .resource(definition)
        .waitUntilCondition(
            current ->
                current != null
                    && current.getStatus() != null
                    && current.getStatus().getConditions().stream()
                        .anyMatch(
                            condition ->
                                condition.getType().equals("Established")
                                    && condition.getStatus().equals("True")),
            90,
            TimeUnit.SECONDS);
  }
}
