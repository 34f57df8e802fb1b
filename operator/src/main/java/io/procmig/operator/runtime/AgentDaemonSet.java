// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetBuilder;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.CRUDKubernetesDependentResource;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.KubernetesDependent;
import io.procmig.api.v1alpha1.AgentSettings;
import io.procmig.api.v1alpha1.KernelModules;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.api.v1alpha1.MigrationRuntimeSpec;
import io.procmig.api.v1alpha1.RuntimeLimits;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The agents: a privileged pod on every node that the runtime selects. */
@KubernetesDependent(
    informer =
        @Informer(
            namespaces = Constants.WATCH_CURRENT_NAMESPACE,
            labelSelector = RuntimeContext.OWNED))
public final class AgentDaemonSet
    extends CRUDKubernetesDependentResource<DaemonSet, MigrationRuntime> {
  static final String NAME = "procmig-node-agent";

  private static final String CONTAINER = "agent";
  private static final String TLS = "/etc/procmig/tls";
  private static final String STATE = "/var/lib/procmig";
  private static final String EXTRA_MODULES = "/opt/procmig/extra-modules/";
  private static final String MODULES_OUT = "/out";
  private static final String LOOPBACK = "127.0.0.1";
  private static final int HEALTH_PORT = 7081;

  /** Made by the operator SDK. */
  public AgentDaemonSet() {
    super(DaemonSet.class);
  }

  @Override
  protected DaemonSet desired(MigrationRuntime runtime, Context<MigrationRuntime> context) {
    Map<String, String> certificate = AuthoritySecret.stored(CertificateSecret.NAME, context);
    return build(runtime, RuntimeContext.of(context), certificate);
  }

  /** The DaemonSet for a runtime; a pure function. */
  static DaemonSet build(
      MigrationRuntime runtime, RuntimeContext surroundings, Map<String, String> certificate) {
    MigrationRuntimeSpec spec = runtime.getSpec();
    AgentSettings agent = spec.getAgent();
    PodSpecBuilder pod =
        new PodSpecBuilder()
            .withServiceAccountName(surroundings.config().agentServiceAccount())
            .withHostPID(true)
            .withHostNetwork(true)
            .withDnsPolicy("ClusterFirstWithHostNet")
            .withPriorityClassName("system-node-critical")
            .withTerminationGracePeriodSeconds(30L)
            .withNodeSelector(agent.nodeSelector())
            .withTolerations(agent.tolerations())
            .withContainers(container(spec))
            .addToVolumes(
                host("dev", "/dev", "Directory"),
                host("kernel-modules", "/lib/modules", "Directory"),
                host("cgroup", "/sys/fs/cgroup", "Directory"),
                host("state", STATE, "DirectoryOrCreate"))
            .addNewVolume()
            .withName("tls")
            .withNewSecret()
            .withSecretName(CertificateSecret.NAME)
            .withDefaultMode(0400)
            .endSecret()
            .endVolume();
    for (int i = 0; i < spec.getModules().size(); i++) {
      addModules(pod, i, spec.getModules().get(i));
    }
    return new DaemonSetBuilder()
        .withMetadata(surroundings.meta(NAME).build())
        .withNewSpec()
        .withNewSelector()
        .withMatchLabels(RuntimeContext.AGENT_LABELS)
        .endSelector()
        .withNewUpdateStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withNewMaxUnavailable(1)
        .endRollingUpdate()
        .endUpdateStrategy()
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels(RuntimeContext.AGENT_LABELS)
        .addToLabels("app.kubernetes.io/part-of", "procmig")
        // Agents read the certificate once, when they start: a new one has to start them anew.
        .addToAnnotations("procmig.io/certificate", digest(certificate.get("tls.crt")))
        .endMetadata()
        .withSpec(pod.build())
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Container container(MigrationRuntimeSpec spec) {
    AgentSettings agent = spec.getAgent();
    ContainerBuilder container =
        new ContainerBuilder()
            .withName(CONTAINER)
            .withImage(agent.image())
            .withImagePullPolicy(agent.imagePullPolicy().name())
            .withResources(agent.resources())
            .withEnv(environment(spec))
            .addNewPort()
            .withName("control")
            .withContainerPort(agent.controlPort())
            .withProtocol("TCP")
            .endPort()
            .withNewSecurityContext()
            .withPrivileged(true)
            .withRunAsUser(0L)
            .endSecurityContext()
            // A JVM on an emulated processor starts slowly; killing it would only make it start
            // again.
            .withStartupProbe(probe("/readyz", 2, 300))
            .withReadinessProbe(probe("/readyz", 10, 3))
            .withLivenessProbe(probe("/healthz", 20, 6))
            .withVolumeMounts(
                mount("dev", "/dev", false),
                mount("kernel-modules", "/lib/modules", true),
                mount("cgroup", "/sys/fs/cgroup", false),
                mount("state", STATE, false),
                mount("tls", TLS, true));
    for (int i = 0; i < spec.getModules().size(); i++) {
      container.addToVolumeMounts(mount("modules-" + i, EXTRA_MODULES + i, true));
    }
    return container.build();
  }

  /** The agent answers probes on the loopback interface only: the pod's network is the node's. */
  private static Probe probe(String path, int periodSeconds, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withHost(LOOPBACK)
        .withPath(path)
        .withNewPort(HEALTH_PORT)
        .endHttpGet()
        .withPeriodSeconds(periodSeconds)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }

  private static List<EnvVar> environment(MigrationRuntimeSpec spec) {
    List<EnvVar> environment = new ArrayList<>();
    environment.add(field("NODE_NAME", "spec.nodeName"));
    environment.add(field("POD_NAME", "metadata.name"));
    environment.add(field("POD_NAMESPACE", "metadata.namespace"));
    environment.add(field("POD_IP", "status.podIP"));
    environment.add(field("HOST_IP", "status.hostIP"));
    environment.add(value("PROCMIG_CONTROL_PORT", Integer.toString(spec.getAgent().controlPort())));
    environment.add(value("PROCMIG_HEALTH_ADDRESS", LOOPBACK + ":" + HEALTH_PORT));
    environment.add(value("PROCMIG_TLS_DIR", TLS));
    environment.add(value("PROCMIG_STATE_DIR", STATE));
    environment.add(value("PROCMIG_WATCHDOG_SECONDS", Integer.toString(spec.getWatchdogSeconds())));
    RuntimeLimits limits = spec.getLimits();
    if (limits != null && limits.maxConcurrentPerNode() != null) {
      environment.add(
          value("PROCMIG_MAX_CONCURRENT", Integer.toString(limits.maxConcurrentPerNode())));
    }
    if (limits != null && limits.bandwidth() != null) {
      environment.add(value("PROCMIG_BANDWIDTH", Long.toString(limits.bandwidth())));
    }
    if (!spec.getModules().isEmpty()) {
      environment.add(value("PROCMIG_MODULES", modules(spec.getModules())));
    }
    return environment;
  }

  /** One line per source, first match wins: a regular expression, a tab, a directory. */
  private static String modules(List<KernelModules> sources) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < sources.size(); i++) {
      KernelModules source = sources.get(i);
      String regex =
          source.kernelReleaseRegex() != null
              ? source.kernelReleaseRegex()
              : Pattern.quote(source.kernelRelease());
      lines.append(regex).append('\t').append(EXTRA_MODULES).append(i).append('\n');
    }
    return lines.toString();
  }

  private static void addModules(PodSpecBuilder pod, int index, KernelModules source) {
    String name = "modules-" + index;
    if (source.hostPath() != null) {
      pod.addToVolumes(host(name, source.hostPath(), "Directory"));
      return;
    }
    pod.addNewVolume().withName(name).withNewEmptyDir().endEmptyDir().endVolume();
    pod.addToInitContainers(
        new ContainerBuilder()
            .withName(name)
            .withImage(source.image())
            .withEnv(value("PROCMIG_MODULES_OUT", MODULES_OUT))
            .withVolumeMounts(mount(name, MODULES_OUT, false))
            .build());
  }

  private static EnvVar field(String name, String path) {
    return new EnvVarBuilder()
        .withName(name)
        .withNewValueFrom()
        .withNewFieldRef()
        .withApiVersion("v1")
        .withFieldPath(path)
        .endFieldRef()
        .endValueFrom()
        .build();
  }

  private static EnvVar value(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private static Volume host(String name, String path, String type) {
    return new VolumeBuilder()
        .withName(name)
        .withNewHostPath()
        .withPath(path)
        .withType(type)
        .endHostPath()
        .build();
  }

  private static VolumeMount mount(String name, String path, boolean readOnly) {
    return new VolumeMountBuilder()
        .withName(name)
        .withMountPath(path)
        .withReadOnly(readOnly ? true : null)
        .build();
  }

  private static String digest(String text) {
    if (text == null) {
      return "none";
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
