// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** Who found a failure. */
public enum Component {
  /** The operator. */
  Operator,
  /** The agent on the source node. */
  SourceAgent,
  /** The agent on the target node. */
  TargetAgent,
  /** The modules on the source node. */
  SourceKernel,
  /** The modules on the target node. */
  TargetKernel,
  /** The stub on the target node. */
  Stub
}
