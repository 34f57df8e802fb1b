// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.token.DurableState;
import io.procmig.agent.transfer.World.Copy;
import io.procmig.agent.transfer.World.Fault;
import io.procmig.agent.transfer.World.Strike;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The invariant, at every step: never two copies that can run, and exactly one when all has
 * settled. A migration is a sequence of effects; each is struck by each fault, alone and in pairs.
 */
class TwoPhaseCommitModelTest {
  /** A retry never needs more effects than this beyond the undisturbed run. */
  private static final int LATE_EFFECTS = 25;

  private static final Set<Fault> PAIRED = EnumSet.allOf(Fault.class);

  private static World run(List<Strike> strikes) {
    World world = new World(strikes);
    try {
      world.settle();
    } catch (RuntimeException e) {
      throw new AssertionError(strikes + "\n" + String.join("\n", world.history), e);
    }
    return world;
  }

  private static void check(World world, List<Strike> strikes) {
    String story = strikes + "\n" + String.join("\n", world.history);
    assertTrue(world.isSettled(), () -> "never settles: " + story);
    Copy source = world.copy(world.source);
    Copy target = world.copy(world.target);
    int runnable = (source == Copy.RUNNABLE ? 1 : 0) + (target == Copy.RUNNABLE ? 1 : 0);
    assertTrue(runnable <= 1, () -> "two copies: " + story);
    assertTrue(runnable == 1 || world.processLost, () -> "no copy can run any more: " + story);
    assertTrue(source != Copy.FROZEN, () -> "left frozen: " + story);
    assertTrue(target != Copy.PREPARED, () -> "left prepared: " + story);
    assertTrue(world.source.kernel.isEmpty(), () -> "a request is left on the source: " + story);
    assertTrue(world.target.kernel.isEmpty(), () -> "a request is left on the target: " + story);
    for (World.Machine machine : List.of(world.source, world.target)) {
      DurableState state = machine.disk.stateOf(World.TOKEN);
      assertTrue(
          state == null || state.isTerminal(),
          () -> machine.name + " is left with record " + state + ": " + story);
    }
    assertTrue(
        world.lastSourceReport != null && world.lastSourceReport.state().isTerminal(),
        () -> "the source's task does not end: " + story);
    if (source == Copy.RUNNABLE) {
      assertEquals(SourceState.ABORTED, world.lastSourceReport.state(), story);
    }
    if (target == Copy.RUNNABLE) {
      assertEquals(SourceState.FINISHED, world.lastSourceReport.state(), story);
      assertEquals(TargetState.FINISHED, world.lastTargetReport.state(), story);
    }
  }

  @Test
  void undisturbedTheProcessMoves() {
    World world = run(List.of());
    check(world, List.of());
    assertEquals(Copy.DEAD, world.copy(world.source));
    assertEquals(Copy.RUNNABLE, world.copy(world.target));
    assertNull(world.lastSourceReport.cause());
    assertEquals(
        List.of(
            "node-a write PREPARED",
            "node-a send Prepare",
            "node-b write PREPARED",
            "node-b listen",
            "node-b reply to Prepare",
            "node-a connect",
            "node-a send Outcome",
            "node-b reply to Outcome",
            "node-a send Start",
            "node-b restart",
            "node-b stub",
            "node-b reply to Start",
            "node-a checkpoint",
            "node-a send AwaitReady",
            "node-b write READY",
            "node-b reply to AwaitReady",
            "node-a write COMMITTED",
            "node-a kernel commit",
            "node-a send Go",
            "node-b write RESUMING",
            "node-b kernel commit",
            "node-b reply to Go",
            "node-b write RUNNING",
            "node-b kernel finish",
            "node-b write FINISHED",
            "node-a write RUNNING",
            "node-a kernel finish",
            "node-a write FINISHED"),
        world.effects);
  }

  @Test
  void everyFaultAtEveryEffect() {
    int effects = run(List.of()).effects.size();
    for (Fault fault : Fault.values()) {
      for (int i = 0; i < effects; i++) {
        List<Strike> strikes = List.of(new Strike(i, fault));
        check(run(strikes), strikes);
      }
    }
  }

  @Test
  void everyPairOfFaults() {
    int effects = run(List.of()).effects.size();
    for (Fault first : PAIRED) {
      for (int i = 0; i < effects; i++) {
        int reach = Math.min(run(List.of(new Strike(i, first))).effects.size(), i + LATE_EFFECTS);
        for (Fault second : PAIRED) {
          for (int j = i + 1; j < reach; j++) {
            List<Strike> strikes = List.of(new Strike(i, first), new Strike(j, second));
            check(run(strikes), strikes);
          }
        }
      }
    }
  }

  @Test
  void afterTheCommitNoSingleFaultBringsTheSourceBackUnlessTheTargetNeverRan() {
    List<String> effects = run(List.of()).effects;
    int committed = effects.indexOf("node-a kernel commit") + 1;
    for (Fault fault :
        List.of(
            Fault.KILL_SELF_BEFORE,
            Fault.KILL_SELF_AFTER,
            Fault.KILL_OTHER,
            Fault.CUT_CONTROL,
            Fault.CUT_ALL,
            Fault.DROP_MESSAGE,
            Fault.DUPLICATE_MESSAGE)) {
      for (int i = committed; i < effects.size(); i++) {
        World world = run(List.of(new Strike(i, fault)));
        assertEquals(
            Copy.RUNNABLE,
            world.copy(world.target),
            fault + " at " + effects.get(i) + "\n" + String.join("\n", world.history));
      }
    }
  }

  @Test
  void beforeTheCommitNoSingleFaultTakesTheSourceAway() {
    List<String> effects = run(List.of()).effects;
    int committed = effects.indexOf("node-a write COMMITTED");
    List<String> moved = new ArrayList<>();
    for (Fault fault : List.of(Fault.KILL_SELF_AFTER, Fault.KILL_OTHER, Fault.CUT_ALL)) {
      for (int i = effects.indexOf("node-a checkpoint"); i < committed; i++) {
        World world = run(List.of(new Strike(i, fault)));
        if (world.copy(world.source) != Copy.RUNNABLE
            && world.lastSourceReport.state() != SourceState.FINISHED) {
          moved.add(fault + " at " + effects.get(i));
        }
      }
    }
    assertEquals(List.of(), moved);
  }
}
