// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** What a mechanism applies to. */
public enum MechanismKind {
  /** The standard streams, file descriptors 0, 1 and 2. */
  Stdio,
  /** One file descriptor, or every regular file if none is named. */
  File
}
