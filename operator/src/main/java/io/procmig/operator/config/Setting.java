// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.config;

/** Every setting of the operator: the environment variable, its default, what it does. */
public enum Setting {
  NAMESPACE(
      "PROCMIG_NAMESPACE",
      "procmig-system",
      "Namespace of the operator, of the agents and of the lease and the secrets."),
  WATCHED_NAMESPACES(
      "PROCMIG_WATCHED_NAMESPACES",
      "",
      "Namespaces whose ProcessMigrations are carried out, separated by commas; empty means all."),
  HEALTH_PORT(
      "PROCMIG_HEALTH_PORT", "8081", "Port of /healthz and /readyz; 0 lets the system choose one."),
  LEADER_ELECTION(
      "PROCMIG_LEADER_ELECTION",
      "true",
      "Whether replicas elect one of them by a lease; false only where there is one for sure."),
  IDENTITY("PROCMIG_IDENTITY", "", "Name of this replica in the lease; empty means a random one."),
  AGENT_LOST_AFTER(
      "PROCMIG_AGENT_LOST_AFTER",
      "60s",
      "An agent whose MigrationNode has not been confirmed for so long counts as lost."),
  RETRY_DELAY(
      "PROCMIG_RETRY_DELAY",
      "5s",
      "Pause before the second attempt of a migration; doubles with every further one."),
  CERTIFICATE_LIFETIME(
      "PROCMIG_CERTIFICATE_LIFETIME",
      "8760h",
      "Lifetime of the agents' certificate; it is replaced after two thirds of it."),
  AGENT_SERVICE_ACCOUNT(
      "PROCMIG_AGENT_SERVICE_ACCOUNT",
      "procmig-node-agent",
      "Service account that agents run under."),
  LOG_FORMAT("PROCMIG_LOG_FORMAT", "text", "text or json; one line per record either way."),
  LOG_LEVEL("PROCMIG_LOG_LEVEL", "INFO", "ERROR, WARN, INFO, DEBUG or TRACE.");

  private final String variable;
  private final String defaultValue;
  private final String description;

  Setting(String variable, String defaultValue, String description) {
    this.variable = variable;
    this.defaultValue = defaultValue;
    this.description = description;
  }

  /** Name of the environment variable. */
  public String variable() {
    return variable;
  }

  /** Value if the variable is absent or empty. */
  public String defaultValue() {
    return defaultValue;
  }

  /** What the setting does, in one sentence. */
  public String description() {
    return description;
  }
}
