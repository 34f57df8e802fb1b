// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.transfer.Transitions.Step;

/**
 * The transitions of the target's side. A pair that is not in the table is an event that came too
 * late to matter, or an order that the target may not follow any more; it is dropped. In particular
 * a READY target does not give up by itself.
 */
final class TargetMachine {
  static final Transitions<TargetState, TargetEvent, TargetAction> TABLE = new Transitions<>();

  static {
    TABLE.on(
        TargetState.LISTENING, TargetEvent.CHANNELS_UP, TargetState.CONNECTED, TargetAction.NONE);
    TABLE.on(
        TargetState.LISTENING, TargetEvent.CALLED_OFF, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.LISTENING, TargetEvent.GIVE_UP, TargetState.ABORTING, TargetAction.UNDO);

    TABLE.on(TargetState.CONNECTED, TargetEvent.START, TargetState.LOADING, TargetAction.LAUNCH);
    TABLE.on(
        TargetState.CONNECTED, TargetEvent.CALLED_OFF, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.CONNECTED, TargetEvent.GIVE_UP, TargetState.ABORTING, TargetAction.UNDO);

    TABLE.on(
        TargetState.LOADING, TargetEvent.KERNEL_READY, TargetState.REBUILT, TargetAction.ANNOUNCE);
    TABLE.on(
        TargetState.LOADING, TargetEvent.KERNEL_ABORTED, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.LOADING, TargetEvent.CALLED_OFF, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.LOADING, TargetEvent.GIVE_UP, TargetState.ABORTING, TargetAction.UNDO);

    TABLE.on(TargetState.REBUILT, TargetEvent.ANNOUNCED, TargetState.READY, TargetAction.NONE);
    TABLE.on(
        TargetState.REBUILT, TargetEvent.KERNEL_ABORTED, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.REBUILT, TargetEvent.CALLED_OFF, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(TargetState.REBUILT, TargetEvent.GIVE_UP, TargetState.ABORTING, TargetAction.UNDO);

    TABLE.on(TargetState.READY, TargetEvent.SILENCE, TargetState.READY, TargetAction.ASK);
    TABLE.on(TargetState.READY, TargetEvent.DECIDED, TargetState.RESUMING, TargetAction.RESUME);
    TABLE.on(TargetState.READY, TargetEvent.CALLED_OFF, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(
        TargetState.READY, TargetEvent.KERNEL_ABORTED, TargetState.ABORTING, TargetAction.UNDO);

    TABLE.on(TargetState.RESUMING, TargetEvent.RESUMED, TargetState.RUNNING, TargetAction.FREE);
    TABLE.on(
        TargetState.RESUMING, TargetEvent.RESUME_REFUSED, TargetState.ABORTING, TargetAction.UNDO);
    TABLE.on(
        TargetState.RESUMING,
        TargetEvent.TRY_LATER,
        TargetState.RESUMING,
        TargetAction.RESUME_LATER);
    TABLE.on(TargetState.RESUMING, TargetEvent.TRY_DUE, TargetState.RESUMING, TargetAction.RESUME);

    TABLE.on(TargetState.RUNNING, TargetEvent.FREED, TargetState.FINISHED, TargetAction.END);
    TABLE.on(
        TargetState.RUNNING, TargetEvent.TRY_LATER, TargetState.RUNNING, TargetAction.FREE_LATER);
    TABLE.on(TargetState.RUNNING, TargetEvent.TRY_DUE, TargetState.RUNNING, TargetAction.FREE);

    TABLE.on(TargetState.ABORTING, TargetEvent.UNDONE, TargetState.ABORTED, TargetAction.END);
    TABLE.on(
        TargetState.ABORTING, TargetEvent.TRY_LATER, TargetState.ABORTING, TargetAction.UNDO_LATER);
    TABLE.on(TargetState.ABORTING, TargetEvent.TRY_DUE, TargetState.ABORTING, TargetAction.UNDO);
  }

  private TargetMachine() {}

  /** The transition for a pair, or null if there is none. */
  static Step<TargetState, TargetAction> next(TargetState state, TargetEvent event) {
    return TABLE.next(state, event);
  }
}
