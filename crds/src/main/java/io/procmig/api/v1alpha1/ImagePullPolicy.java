// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** When the kubelet pulls the agent image. */
public enum ImagePullPolicy {
  /** At every start. */
  Always,
  /** When the node does not have it. */
  IfNotPresent,
  /** Never; the image was loaded into the node. */
  Never
}
