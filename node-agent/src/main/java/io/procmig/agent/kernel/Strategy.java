// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** A combination of context, quiesce and mode: {@code struct procmig_strategy}. */
public record Strategy(Context context, Quiesce quiesce, TransferMode mode) {
  /**
   * Both sides of an event name the same one. A worker acts on threads that are made to park;
   * everything travels while they are parked.
   */
  public static final Strategy STOP_AND_COPY =
      new Strategy(Context.EXTERNAL, Quiesce.ASYNCHRONOUS, TransferMode.STOP_AND_COPY);
}
