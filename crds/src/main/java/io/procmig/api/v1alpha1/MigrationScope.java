// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/**
 * Which processes move with the one that is named, as one event with one outcome; each with all
 * that descend from any of them.
 */
public enum MigrationScope {
  /** The named process alone. */
  Tree,
  /** Its session: setsid(2). */
  Session,
  /** Its process group, as of a shell's pipeline: setpgid(2). */
  ProcessGroup,
  /** Its control group of cgroup v2, and those below it. */
  Cgroup
}
