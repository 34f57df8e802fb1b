// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.config;

/** Every environment variable that the agent reads, with its default. */
public enum Setting {
  NODE("NODE_NAME", null, "Name of the Kubernetes node."),
  POD("POD_NAME", "", "Name of the agent's pod, for people."),
  HOST("HOST_IP", null, "Address of the node that other agents connect to."),
  ORDERS(
      "PROCMIG_ORDERS",
      "cluster",
      "cluster or stdio: whether tasks come from the API server, or from standard input with"
          + " statuses on standard output, one JSON object per line."),
  CONTROL_PORT("PROCMIG_CONTROL_PORT", "7443", "Port of the control channel."),
  HEALTH_ADDRESS(
      "PROCMIG_HEALTH_ADDRESS",
      "127.0.0.1:7081",
      "host:port of /healthz and /readyz; port 0 lets the system choose one."),
  TLS("PROCMIG_TLS_DIR", "/etc/procmig/tls", "Directory of tls.crt, tls.key and ca.crt."),
  STATE("PROCMIG_STATE_DIR", "/var/lib/procmig", "Directory of the node for durable state."),
  MODULES(
      "PROCMIG_MODULES",
      "",
      "Where modules come from, first match wins: per line a regular expression for the kernel"
          + " release, a tab, a directory. What no line matches comes from PROCMIG_MODULES_DIR."),
  MODULES_DIR(
      "PROCMIG_MODULES_DIR",
      "/opt/procmig/modules",
      "Directory of the image with a directory of modules per kernel release."),
  STUB("PROCMIG_STUB", "/opt/procmig/bin/procmig-stub", "The stub."),
  DEVICE("PROCMIG_DEVICE", "/dev/procmig", "The modules' device."),
  CGROUPS(
      "PROCMIG_CGROUP_DIR",
      "/sys/fs/cgroup/procmig.slice",
      "Control group under which migrated processes live."),
  DATA_TLS(
      "PROCMIG_DATA_TLS",
      "on",
      "on or off: whether state travels encrypted. off for benchmarks only."),
  BULK_CHANNELS(
      "PROCMIG_BULK_CHANNELS",
      "4",
      "Most data connections for memory, 1 to 15: that many processes of one migration are sent"
          + " at the same time."),
  BANDWIDTH(
      "PROCMIG_BANDWIDTH", "0", "Bytes per second that one migration may use; 0 means unlimited."),
  SLOTS("PROCMIG_MAX_CONCURRENT", "2", "Migrations that the node takes part in at once."),
  WATCHDOG_SECONDS(
      "PROCMIG_WATCHDOG_SECONDS",
      "10",
      "Longest time without progress before an attempt is undone."),
  HEARTBEAT("PROCMIG_HEARTBEAT", "10s", "How often the MigrationNode is confirmed."),
  EXIT_TIMEOUT(
      "PROCMIG_EXIT_TIMEOUT", "20s", "How long committed migrations may take to end on SIGTERM."),
  UNLOAD_ON_EXIT(
      "PROCMIG_UNLOAD_ON_EXIT", "false", "true or false: whether unused modules go at the end."),
  LOG_LEVEL("PROCMIG_LOG_LEVEL", "INFO", "ERROR, WARN, INFO, DEBUG or TRACE.");

  private final String variable;
  private final String defaultValue;
  private final String meaning;

  Setting(String variable, String defaultValue, String meaning) {
    this.variable = variable;
    this.defaultValue = defaultValue;
    this.meaning = meaning;
  }

  /** Name of the environment variable. */
  public String variable() {
    return variable;
  }

  /** What holds without it; null: it must be given. */
  public String defaultValue() {
    return defaultValue;
  }

  /** What it is, in one sentence. */
  public String meaning() {
    return meaning;
  }
}
