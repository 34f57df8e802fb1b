// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The Java mapping equals the compiled C header, in both directions. */
class AbiGoldenTest {
  /** Used by the stub only. */
  private static final Set<String> NOT_MAPPED =
      Set.of("procmig_planned_task", "procmig_plan", "procmig_enter", "procmig_give_up");

  private static final List<Class<?>> STRUCTS =
      List.of(
          StrategyStruct.class,
          ChannelStruct.class,
          MechanismStruct.class,
          InfoStruct.class,
          ComponentStruct.class,
          StateKindStruct.class,
          ObstacleStruct.class,
          InspectStruct.class,
          ClaimStruct.class,
          AdmitStruct.class,
          SubmitStruct.class,
          AttachStruct.class,
          StatusStruct.class,
          EventStruct.class,
          OrderStruct.class,
          TlsCryptoInfoStruct.class,
          PollStruct.class);

  private static final Map<String, Class<? extends Enum<?>>> ENUMS =
      Map.ofEntries(
          Map.entry("procmig_context", Context.class),
          Map.entry("procmig_quiesce", Quiesce.class),
          Map.entry("procmig_mode", TransferMode.class),
          Map.entry("procmig_selection", Selection.class),
          Map.entry("procmig_component_kind", ComponentKind.class),
          Map.entry("procmig_subsystem_id", Subsystem.class),
          Map.entry("procmig_medium_id", Medium.class),
          Map.entry("procmig_channel_role", ChannelRole.class),
          Map.entry("procmig_mechanism_kind", MechanismKind.class),
          Map.entry("procmig_kind_state", KindState.class),
          Map.entry("procmig_obstacle_code", ObstacleCode.class),
          Map.entry("procmig_role", RequestRole.class),
          Map.entry("procmig_state", KernelState.class));

  private record Member(int offset, int bytes) {}

  private static final class Golden {
    final Map<String, Integer> structBytes = new LinkedHashMap<>();
    final Map<String, Map<String, Member>> members = new HashMap<>();
    final Map<String, Map<String, Long>> enums = new HashMap<>();
    final Map<String, String> constants = new LinkedHashMap<>();
  }

  private static Golden golden() throws IOException {
    Golden golden = new Golden();
    for (String line : Files.readAllLines(Path.of("abi", "procmig.abi"))) {
      String[] word = line.split(" ");
      switch (word[0]) {
        case "struct" -> {
          golden.structBytes.put(word[1], Integer.valueOf(word[2]));
          golden.members.put(word[1], new LinkedHashMap<>());
        }
        case "member" ->
            golden
                .members
                .get(word[1])
                .put(word[2], new Member(Integer.parseInt(word[3]), Integer.parseInt(word[4])));
        case "enum" ->
            golden
                .enums
                .computeIfAbsent(word[1], e -> new LinkedHashMap<>())
                .put(word[2], Long.valueOf(word[3]));
        case "constant", "string" -> golden.constants.put(word[1], word[2]);
        default -> throw new IOException("unknown line in the golden file: " + line);
      }
    }
    return golden;
  }

  private static Map<String, Object> constantsOf(Class<?> type) throws IllegalAccessException {
    Map<String, Object> constants = new LinkedHashMap<>();
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers())
          && (field.getType() == int.class
              || field.getType() == long.class
              || field.getType() == String.class)) {
        field.setAccessible(true);
        constants.put(field.getName(), field.get(null));
      }
    }
    return constants;
  }

  @Test
  void everyStructureHasTheLayoutOfTheHeader() throws Exception {
    Golden golden = golden();
    Set<String> mapped = new TreeSet<>(NOT_MAPPED);
    for (Class<?> type : STRUCTS) {
      Map<String, Object> constants = constantsOf(type);
      String struct = (String) constants.remove("C_NAME");
      mapped.add(struct);
      Map<String, Integer> expected = new LinkedHashMap<>();
      expected.put("BYTES", golden.structBytes.get(struct));
      golden
          .members
          .get(struct)
          .forEach((name, member) -> expected.put(name.toUpperCase(Locale.ROOT), member.offset()));
      golden
          .members
          .get(struct)
          .forEach(
              (name, member) -> {
                String length = name.toUpperCase(Locale.ROOT) + "_LENGTH";
                if (constants.containsKey(length)) {
                  expected.put(length, member.bytes());
                }
              });
      assertEquals(new HashMap<>(expected), new HashMap<>(constants), struct);
    }
    assertEquals(new TreeSet<>(golden.structBytes.keySet()), mapped);
  }

  @Test
  void everyEnumerationHasTheNumbersOfTheHeader() throws Exception {
    Golden golden = golden();
    assertEquals(golden.enums.keySet(), ENUMS.keySet());
    for (Map.Entry<String, Class<? extends Enum<?>>> entry : ENUMS.entrySet()) {
      Map<String, Long> c = golden.enums.get(entry.getKey());
      List<String> seen = new ArrayList<>();
      for (Enum<?> constant : entry.getValue().getEnumConstants()) {
        String name =
            c.keySet().stream()
                .filter(n -> n.startsWith("PROCMIG_") && n.endsWith("_" + constant.name()))
                .filter(n -> !seen.contains(n))
                .findFirst()
                .orElse(null);
        assertNotNull(name, entry.getKey() + " has no " + constant);
        assertEquals(c.get(name), ((KernelCode) constant).code(), name);
        seen.add(name);
      }
      assertEquals(c.size(), seen.size(), entry.getKey() + ": " + c.keySet());
    }
  }

  @Test
  void everyConstantHasTheValueOfTheHeader() throws Exception {
    Golden golden = golden();
    Map<String, Object> constants = constantsOf(Abi.class);
    Map<String, String> java = new HashMap<>();
    constants.forEach(
        (name, value) -> {
          String c = golden.constants.containsKey(name) ? name : "PROCMIG_" + name;
          java.put(c, value.toString());
        });
    assertEquals(new HashMap<>(golden.constants), java);
  }

  @Test
  void anAnswerWithAnUnknownNumberIsRefused() {
    KernelException failure =
        org.junit.jupiter.api.Assertions.assertThrows(
            KernelException.class, () -> KernelCode.of(KernelState.class, 99));
    assertEquals(Errno.EPROTO, failure.errno());
    assertTrue(failure.getMessage().contains("KernelState 99"), failure.getMessage());
  }
}
