// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/**
 * The MigrationTask that a session works for; how its log lines and records name it.
 *
 * @param namespace of the task
 * @param name of the task
 * @param uid of the task
 * @param migration name of the ProcessMigration
 * @param node this node
 */
public record TaskRef(String namespace, String name, String uid, String migration, String node) {
  /** {@code migration ns/name task t node n}, as log lines begin. */
  @Override
  public String toString() {
    return "migration " + namespace + "/" + migration + " task " + name + " node " + node;
  }

  /** {@code namespace/name} of the task. */
  public String key() {
    return namespace + "/" + name;
  }
}
