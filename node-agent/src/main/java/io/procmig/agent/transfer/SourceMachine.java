// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.transfer.Transitions.Step;

/**
 * The transitions of the source's side. A pair that is not in the table is an event that came too
 * late to matter; it is dropped.
 */
final class SourceMachine {
  static final Transitions<SourceState, SourceEvent, SourceAction> TABLE = new Transitions<>();

  static {
    TABLE.on(
        SourceState.PREPARING, SourceEvent.PREPARED, SourceState.CONNECTING, SourceAction.CONNECT);
    TABLE.on(
        SourceState.PREPARING,
        SourceEvent.NOT_YET,
        SourceState.PREPARING,
        SourceAction.PREPARE_LATER);
    TABLE.on(
        SourceState.PREPARING,
        SourceEvent.PREPARE_DUE,
        SourceState.PREPARING,
        SourceAction.PREPARE);
    TABLE.on(
        SourceState.PREPARING, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.CONNECTING, SourceEvent.CONNECTED, SourceState.MEASURING, SourceAction.MEASURE);
    TABLE.on(
        SourceState.CONNECTING, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(SourceState.MEASURING, SourceEvent.MEASURED, SourceState.STARTING, SourceAction.START);
    TABLE.on(
        SourceState.MEASURING, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.STARTING, SourceEvent.STARTED, SourceState.TRANSFERRING, SourceAction.SUBMIT);
    TABLE.on(
        SourceState.STARTING, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.TRANSFERRING, SourceEvent.KERNEL_SAVED, SourceState.SAVED, SourceAction.NONE);
    TABLE.on(
        SourceState.TRANSFERRING, SourceEvent.PEER_READY, SourceState.READY, SourceAction.NONE);
    TABLE.on(
        SourceState.TRANSFERRING,
        SourceEvent.GIVE_UP,
        SourceState.ABORTING,
        SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.SAVED, SourceEvent.PEER_READY, SourceState.COMMITTING, SourceAction.COMMIT);
    TABLE.on(SourceState.SAVED, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.READY, SourceEvent.KERNEL_SAVED, SourceState.COMMITTING, SourceAction.COMMIT);
    TABLE.on(SourceState.READY, SourceEvent.GIVE_UP, SourceState.ABORTING, SourceAction.ROLL_BACK);

    TABLE.on(SourceState.COMMITTING, SourceEvent.COMMITTED, SourceState.RESUMING, SourceAction.GO);
    TABLE.on(
        SourceState.COMMITTING,
        SourceEvent.COMMIT_REFUSED,
        SourceState.ABORTING,
        SourceAction.ROLL_BACK);

    TABLE.on(
        SourceState.RESUMING, SourceEvent.PEER_RUNS, SourceState.FINISHING, SourceAction.DESTROY);
    TABLE.on(
        SourceState.RESUMING,
        SourceEvent.PEER_NEVER_RAN,
        SourceState.REVOKING,
        SourceAction.REVOKE);
    TABLE.on(
        SourceState.RESUMING,
        SourceEvent.GO_UNANSWERED,
        SourceState.RESUMING,
        SourceAction.GO_LATER);
    TABLE.on(SourceState.RESUMING, SourceEvent.GO_DUE, SourceState.RESUMING, SourceAction.GO);

    TABLE.on(SourceState.REVOKING, SourceEvent.REVOKED, SourceState.ABORTED, SourceAction.END);
    TABLE.on(
        SourceState.REVOKING,
        SourceEvent.TRY_LATER,
        SourceState.REVOKING,
        SourceAction.REVOKE_LATER);
    TABLE.on(SourceState.REVOKING, SourceEvent.TRY_DUE, SourceState.REVOKING, SourceAction.REVOKE);

    TABLE.on(SourceState.FINISHING, SourceEvent.DESTROYED, SourceState.FINISHED, SourceAction.END);
    TABLE.on(
        SourceState.FINISHING,
        SourceEvent.TRY_LATER,
        SourceState.FINISHING,
        SourceAction.DESTROY_LATER);
    TABLE.on(
        SourceState.FINISHING, SourceEvent.TRY_DUE, SourceState.FINISHING, SourceAction.DESTROY);

    TABLE.on(SourceState.ABORTING, SourceEvent.PEER_TOLD, SourceState.ABORTED, SourceAction.END);
  }

  private SourceMachine() {}

  /** The transition for a pair, or null if there is none. */
  static Step<SourceState, SourceAction> next(SourceState state, SourceEvent event) {
    return TABLE.next(state, event);
  }
}
