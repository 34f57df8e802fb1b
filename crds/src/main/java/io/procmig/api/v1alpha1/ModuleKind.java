// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** What a kernel module of procmig is. */
public enum ModuleKind {
  /** The core, procmig.ko. */
  Core,
  /** Carries one kind of kernel state. */
  Subsystem,
  /** Transports the stream. */
  Medium
}
