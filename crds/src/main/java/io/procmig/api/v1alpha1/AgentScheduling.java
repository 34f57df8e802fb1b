// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** Where agents run. */
public enum AgentScheduling {
  /** On every node that the node selector matches. */
  Always
}
