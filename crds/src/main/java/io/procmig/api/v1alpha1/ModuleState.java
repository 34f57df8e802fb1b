// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** The state of a kernel module as /proc/modules tells it. */
public enum ModuleState {
  /** Loaded and usable. */
  Live,
  /** Being inserted. */
  Loading,
  /** Being removed. */
  Unloading
}
