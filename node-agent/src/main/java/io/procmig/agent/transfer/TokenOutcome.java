// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

/**
 * What one side says about a token: what is durable, and nothing that could still be taken back.
 */
public enum TokenOutcome {
  /** Nothing is on record here. */
  NONE,
  /** On record, and the source may still abort. */
  UNDECIDED,
  /** Target: rebuilt; only the source decides now. */
  READY,
  /** The process belongs to the target; said by the target: it has resumed there. */
  COMMITTED,
  /** The process belongs to the source; said by the target: it never ran there and never will. */
  ABORTED
}
