// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** The durable state of a migration token on one node. It decides which copy may run. */
public enum TokenState {
  /** The node has nothing on record for this token. */
  None,
  /** The token is on record; either side may still abort. */
  Prepared,
  /** The target has rebuilt everything and waits for go; only the source may abort now. */
  Ready,
  /** The copy on the target is the process, whatever happens next. */
  Committed,
  /** The copy on the source is the process, whatever happens next. */
  Aborted,
  /** Nothing of the event is left on this node; the outcome was recorded in the task. */
  Finished
}
