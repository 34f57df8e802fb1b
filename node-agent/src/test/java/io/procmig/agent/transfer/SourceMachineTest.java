// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.transfer.Transitions.Step;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The source's table, over every pair of state and event. */
class SourceMachineTest {
  private static final Set<SourceState> UNDECIDED =
      EnumSet.of(
          SourceState.PREPARING,
          SourceState.CONNECTING,
          SourceState.MEASURING,
          SourceState.STARTING,
          SourceState.TRANSFERRING,
          SourceState.SAVED,
          SourceState.READY);

  /** Every pair that is in the table, and where it leads; all others are dropped. */
  private static final String TABLE =
      """
      ABORTING PEER_TOLD -> ABORTED END
      COMMITTING COMMITTED -> RESUMING GO
      COMMITTING COMMIT_REFUSED -> ABORTING ROLL_BACK
      CONNECTING CONNECTED -> MEASURING MEASURE
      CONNECTING GIVE_UP -> ABORTING ROLL_BACK
      FINISHING DESTROYED -> FINISHED END
      FINISHING TRY_DUE -> FINISHING DESTROY
      FINISHING TRY_LATER -> FINISHING DESTROY_LATER
      MEASURING GIVE_UP -> ABORTING ROLL_BACK
      MEASURING MEASURED -> STARTING START
      PREPARING GIVE_UP -> ABORTING ROLL_BACK
      PREPARING NOT_YET -> PREPARING PREPARE_LATER
      PREPARING PREPARED -> CONNECTING CONNECT
      PREPARING PREPARE_DUE -> PREPARING PREPARE
      READY GIVE_UP -> ABORTING ROLL_BACK
      READY KERNEL_SAVED -> COMMITTING COMMIT
      RESUMING GO_DUE -> RESUMING GO
      RESUMING GO_UNANSWERED -> RESUMING GO_LATER
      RESUMING PEER_NEVER_RAN -> REVOKING REVOKE
      RESUMING PEER_RUNS -> FINISHING DESTROY
      REVOKING REVOKED -> ABORTED END
      REVOKING TRY_DUE -> REVOKING REVOKE
      REVOKING TRY_LATER -> REVOKING REVOKE_LATER
      SAVED GIVE_UP -> ABORTING ROLL_BACK
      SAVED PEER_READY -> COMMITTING COMMIT
      STARTING GIVE_UP -> ABORTING ROLL_BACK
      STARTING STARTED -> TRANSFERRING SUBMIT
      TRANSFERRING GIVE_UP -> ABORTING ROLL_BACK
      TRANSFERRING KERNEL_SAVED -> SAVED NONE
      TRANSFERRING PEER_READY -> READY NONE
      """;

  @Test
  void everyPair() {
    TreeSet<String> lines = new TreeSet<>();
    for (SourceState state : SourceState.values()) {
      for (SourceEvent event : SourceEvent.values()) {
        Step<SourceState, SourceAction> step = SourceMachine.next(state, event);
        if (step != null) {
          lines.add(state + " " + event + " -> " + step.next() + " " + step.action());
        }
      }
    }
    assertEquals(TABLE.strip(), String.join("\n", lines));
  }

  @Test
  void everyUndecidedStateGivesUpAndNoDecidedOneDoes() {
    for (SourceState state : SourceState.values()) {
      Step<SourceState, SourceAction> step = SourceMachine.next(state, SourceEvent.GIVE_UP);
      if (UNDECIDED.contains(state)) {
        assertEquals(new Step<>(SourceState.ABORTING, SourceAction.ROLL_BACK), step, state.name());
      } else {
        assertNull(step, state.name());
      }
    }
  }

  @Test
  void goIsSaidOnlyAfterTheCommit() {
    for (SourceState state : SourceState.values()) {
      for (SourceEvent event : SourceEvent.values()) {
        Step<SourceState, SourceAction> step = SourceMachine.next(state, event);
        if (step != null && step.action() == SourceAction.GO) {
          assertTrue(
              event == SourceEvent.COMMITTED || state == SourceState.RESUMING, state + " " + event);
        }
        if (step != null && step.action() == SourceAction.ROLL_BACK) {
          assertTrue(!state.isCommitted(), state + " " + event);
        }
      }
    }
  }

  @Test
  void everyStateComesToAnEnd() {
    for (SourceState state : SourceState.values()) {
      assertEquals(state.isTerminal(), reachable(state).size() == 1, state.name());
      assertTrue(
          reachable(state).stream().anyMatch(SourceState::isTerminal), state + " has no way out");
    }
  }

  private static Set<SourceState> reachable(SourceState from) {
    Set<SourceState> seen = EnumSet.of(from);
    Deque<SourceState> next = new ArrayDeque<>(seen);
    while (!next.isEmpty()) {
      SourceState state = next.poll();
      for (SourceEvent event : SourceEvent.values()) {
        Step<SourceState, SourceAction> step = SourceMachine.next(state, event);
        if (step != null && seen.add(step.next())) {
          next.add(step.next());
        }
      }
    }
    return seen;
  }
}
