// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.procmig.api.v1alpha1.AgentScheduling;
import io.procmig.api.v1alpha1.AgentSettings;
import io.procmig.api.v1alpha1.ImagePullPolicy;
import io.procmig.api.v1alpha1.KernelModules;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.api.v1alpha1.MigrationRuntimeSpec;
import io.procmig.api.v1alpha1.RuntimeLimits;
import io.procmig.operator.config.OperatorConfig;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AgentDaemonSetTest {
  private final MigrationRuntime runtime = new MigrationRuntime();

  AgentDaemonSetTest() {
    MigrationRuntimeSpec spec = new MigrationRuntimeSpec();
    spec.setAgent(
        new AgentSettings(
            "procmig/node-agent:dev",
            ImagePullPolicy.IfNotPresent,
            Map.of("kubernetes.io/os", "linux"),
            List.of(),
            null,
            7443,
            AgentScheduling.Always));
    spec.setLimits(new RuntimeLimits(3, 1_000_000L));
    spec.setWatchdogSeconds(10);
    runtime.setSpec(spec);
  }

  private DaemonSet build(Map<String, String> certificate) {
    RuntimeContext surroundings =
        new RuntimeContext(OperatorConfig.from(Map.of()), Clock.systemUTC());
    return AgentDaemonSet.build(runtime, surroundings, certificate);
  }

  private PodSpec pod() {
    return build(Map.of()).getSpec().getTemplate().getSpec();
  }

  private Map<String, String> environment() {
    return pod().getContainers().get(0).getEnv().stream()
        .filter(variable -> variable.getValue() != null)
        .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
  }

  @Test
  void agentsSeeTheHost() {
    PodSpec pod = pod();
    Container agent = pod.getContainers().get(0);
    assertTrue(pod.getHostPID());
    assertTrue(pod.getHostNetwork());
    assertTrue(agent.getSecurityContext().getPrivileged());
    assertEquals(
        List.of("/dev", "/lib/modules", "/sys/fs/cgroup", "/var/lib/procmig", "/etc/procmig/tls"),
        agent.getVolumeMounts().stream().map(VolumeMount::getMountPath).toList());
    assertEquals("procmig-node-agent", pod.getServiceAccountName());
  }

  @Test
  void settingsReachTheAgent() {
    Map<String, String> environment = environment();
    assertEquals("7443", environment.get("PROCMIG_CONTROL_PORT"));
    assertEquals("3", environment.get("PROCMIG_MAX_CONCURRENT"));
    assertEquals("1000000", environment.get("PROCMIG_BANDWIDTH"));
    assertEquals("10", environment.get("PROCMIG_WATCHDOG_SECONDS"));
  }

  @Test
  void moduleSourcesAreMountedAndListedInOrder() {
    runtime
        .getSpec()
        .setModules(
            List.of(
                new KernelModules("6.1.0-40-amd64", null, null, "/opt/modules"),
                new KernelModules(null, "6\\.12\\..*", "registry/modules:1", null)));
    assertEquals(
        "\\Q6.1.0-40-amd64\\E\t/opt/procmig/extra-modules/0\n"
            + "6\\.12\\..*\t/opt/procmig/extra-modules/1\n",
        environment().get("PROCMIG_MODULES"));
    PodSpec pod = pod();
    assertEquals(1, pod.getInitContainers().size());
    assertEquals("registry/modules:1", pod.getInitContainers().get(0).getImage());
    assertEquals(
        "/opt/modules",
        pod.getVolumes().stream()
            .filter(volume -> volume.getName().equals("modules-0"))
            .findFirst()
            .orElseThrow()
            .getHostPath()
            .getPath());
  }

  @Test
  void newCertificateStartsTheAgentsAnew() {
    assertNotEquals(
        build(Map.of("tls.crt", "one")).getSpec().getTemplate().getMetadata().getAnnotations(),
        build(Map.of("tls.crt", "two")).getSpec().getTemplate().getMetadata().getAnnotations());
  }
}
