// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** How memory travels. Only the modes that this release carries out are admitted. */
public enum MigrationMode {
  /** Freeze, send everything, restart. */
  StopAndCopy
}
