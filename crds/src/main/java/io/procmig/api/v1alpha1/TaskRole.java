// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** The side of a migration that a task describes. */
public enum TaskRole {
  /** The node that the process leaves; its agent coordinates. */
  Source,
  /** The node that the process arrives at. */
  Target
}
