// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** Whether a kind of process state can be migrated from and to a node. */
public enum CapabilityState {
  /** A loaded module carries it. */
  Carried,
  /** It is recognised and refused at preflight. */
  Refused,
  /** It is recognised, refused at preflight, and a later release will carry it. */
  Planned
}
