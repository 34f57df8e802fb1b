// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.transfer.Transitions.Step;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The target's table, over every pair of state and event. */
class TargetMachineTest {
  private static final Set<TargetState> MAY_DECIDE_ALONE =
      EnumSet.of(
          TargetState.LISTENING, TargetState.CONNECTED, TargetState.LOADING, TargetState.REBUILT);

  /** Every pair that is in the table, and where it leads; all others are dropped. */
  private static final String TABLE =
      """
      ABORTING TRY_DUE -> ABORTING UNDO
      ABORTING TRY_LATER -> ABORTING UNDO_LATER
      ABORTING UNDONE -> ABORTED END
      CONNECTED CALLED_OFF -> ABORTING UNDO
      CONNECTED GIVE_UP -> ABORTING UNDO
      CONNECTED START -> LOADING LAUNCH
      LISTENING CALLED_OFF -> ABORTING UNDO
      LISTENING CHANNELS_UP -> CONNECTED NONE
      LISTENING GIVE_UP -> ABORTING UNDO
      LOADING CALLED_OFF -> ABORTING UNDO
      LOADING GIVE_UP -> ABORTING UNDO
      LOADING KERNEL_ABORTED -> ABORTING UNDO
      LOADING KERNEL_READY -> REBUILT ANNOUNCE
      READY CALLED_OFF -> ABORTING UNDO
      READY DECIDED -> RESUMING RESUME
      READY KERNEL_ABORTED -> ABORTING UNDO
      READY SILENCE -> READY ASK
      REBUILT ANNOUNCED -> READY NONE
      REBUILT CALLED_OFF -> ABORTING UNDO
      REBUILT GIVE_UP -> ABORTING UNDO
      REBUILT KERNEL_ABORTED -> ABORTING UNDO
      RESUMING RESUMED -> RUNNING FREE
      RESUMING RESUME_REFUSED -> ABORTING UNDO
      RESUMING TRY_DUE -> RESUMING RESUME
      RESUMING TRY_LATER -> RESUMING RESUME_LATER
      RUNNING FREED -> FINISHED END
      RUNNING TRY_DUE -> RUNNING FREE
      RUNNING TRY_LATER -> RUNNING FREE_LATER
      """;

  @Test
  void everyPair() {
    TreeSet<String> lines = new TreeSet<>();
    for (TargetState state : TargetState.values()) {
      for (TargetEvent event : TargetEvent.values()) {
        Step<TargetState, TargetAction> step = TargetMachine.next(state, event);
        if (step != null) {
          lines.add(state + " " + event + " -> " + step.next() + " " + step.action());
        }
      }
    }
    assertEquals(TABLE.strip(), String.join("\n", lines));
  }

  @Test
  void onceReadyItDoesNotGiveUpByItself() {
    for (TargetState state : TargetState.values()) {
      Step<TargetState, TargetAction> step = TargetMachine.next(state, TargetEvent.GIVE_UP);
      if (MAY_DECIDE_ALONE.contains(state)) {
        assertEquals(new Step<>(TargetState.ABORTING, TargetAction.UNDO), step, state.name());
      } else {
        assertNull(step, state.name());
      }
    }
  }

  @Test
  void onlyAReadyTargetIsResumedAndOnlyOnTheSourcesWord() {
    for (TargetState state : TargetState.values()) {
      for (TargetEvent event : TargetEvent.values()) {
        Step<TargetState, TargetAction> step = TargetMachine.next(state, event);
        if (step != null && step.action() == TargetAction.RESUME) {
          assertTrue(
              state == TargetState.READY && event == TargetEvent.DECIDED
                  || state == TargetState.RESUMING,
              state + " " + event);
        }
        if (state.isTerminal() || state == TargetState.RUNNING) {
          assertTrue(step == null || step.action() != TargetAction.UNDO, state + " " + event);
        }
      }
    }
  }
}
