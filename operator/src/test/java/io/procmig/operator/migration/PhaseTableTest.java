// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.operator.migration.PhaseTable.Event;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PhaseTableTest {
  /**
   * Every phase against every event: the phase that follows by its first letters, {@code .} stays,
   * {@code -} cannot happen.
   */
  private static final String EVERY_PAIR =
      """
                       ACC PRE PRT TRA FRO RES COM GIV SUC FAI CAN ROL
      Pending           .  Pr  PT  Tr  Fz  Re  Dr  .   Su  Fa  Ca  Ro
      Preflight         .  .   PT  Tr  Fz  Re  Dr  Pe  Su  Fa  Ca  Ro
      PreparingTarget   .  .   .   Tr  Fz  Re  Dr  Pe  Su  Fa  Ca  Ro
      Transferring      .  .   .   .   Fz  Re  Dr  Pe  Su  Fa  Ca  Ro
      Frozen            .  .   .   .   .   Re  Dr  Pe  Su  Fa  Ca  Ro
      Restoring         .  .   .   .   .   .   Dr  Pe  Su  Fa  Ca  Ro
      Draining          .  .   .   .   .   .   .   Pe  Su  Fa  -   Ro
      Succeeded         -  -   -   -   -   -   -   -   -   -   -   -
      Failed            -  -   -   -   -   -   -   -   -   -   -   -
      Canceled          -  -   -   -   -   -   -   -   -   -   -   -
      RolledBack        -  -   -   -   -   -   -   -   -   -   -   -
      """;

  private static final Map<MigrationPhase, String> SHORT =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(MigrationPhase.Pending, "Pe"),
              Map.entry(MigrationPhase.Preflight, "Pr"),
              Map.entry(MigrationPhase.PreparingTarget, "PT"),
              Map.entry(MigrationPhase.Transferring, "Tr"),
              Map.entry(MigrationPhase.Frozen, "Fz"),
              Map.entry(MigrationPhase.Restoring, "Re"),
              Map.entry(MigrationPhase.Draining, "Dr"),
              Map.entry(MigrationPhase.Succeeded, "Su"),
              Map.entry(MigrationPhase.Failed, "Fa"),
              Map.entry(MigrationPhase.Canceled, "Ca"),
              Map.entry(MigrationPhase.RolledBack, "Ro")));

  @Test
  void everyPairOfPhaseAndEventIsDefined() {
    String actual =
        Arrays.stream(MigrationPhase.values())
            .map(phase -> phase + " " + row(phase))
            .collect(Collectors.joining("\n"));
    String expected =
        EVERY_PAIR
            .lines()
            .skip(1)
            .map(l -> l.replaceAll(" +", " "))
            .collect(Collectors.joining("\n"));
    assertEquals(expected, actual);
  }

  @Test
  void exactlyTheOutcomesAreFinal() {
    assertEquals(
        "Succeeded Failed Canceled RolledBack",
        Arrays.stream(MigrationPhase.values())
            .filter(PhaseTable::isFinal)
            .map(Enum::name)
            .collect(Collectors.joining(" ")));
  }

  private static String row(MigrationPhase phase) {
    return Arrays.stream(Event.values())
        .map(event -> cell(phase, event))
        .collect(Collectors.joining(" "));
  }

  private static String cell(MigrationPhase phase, Event event) {
    try {
      MigrationPhase next = PhaseTable.next(phase, event);
      return next == phase ? "." : SHORT.get(next);
    } catch (IllegalStateException e) {
      return "-";
    }
  }
}
