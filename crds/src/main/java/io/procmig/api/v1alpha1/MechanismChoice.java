// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** What happens to an object of the process on its way. */
public enum MechanismChoice {
  /** Recreate the object on the target with the state it has on the source. */
  Transfer,
  /**
   * Use what the target has in its place, for example the standard streams of the target container.
   */
  Ignore,
  /**
   * Send operations on the object back to the source. Accepted by the API; agents refuse it while
   * no loaded subsystem offers it.
   */
  Forward
}
