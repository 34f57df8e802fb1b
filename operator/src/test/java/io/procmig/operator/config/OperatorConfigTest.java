// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.operator.config.OperatorConfig.LogFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OperatorConfigTest {
  @Test
  void defaultsAreComplete() {
    OperatorConfig config = OperatorConfig.from(Map.of());
    assertEquals("procmig-system", config.namespace());
    assertEquals(Set.of(), config.watchedNamespaces());
    assertEquals(8081, config.healthPort());
    assertEquals(Duration.ofSeconds(60), config.agentLostAfter());
    assertTrue(config.leaderElection());
    assertTrue(config.identity().startsWith("procmig-operator-"));
  }

  @Test
  void valuesAreRead() {
    OperatorConfig config =
        OperatorConfig.from(
            Map.of(
                "PROCMIG_NAMESPACE", "elsewhere",
                "PROCMIG_WATCHED_NAMESPACES", "a, b",
                "PROCMIG_LOG_FORMAT", "json",
                "PROCMIG_AGENT_LOST_AFTER", "1m30s"));
    assertEquals("elsewhere", config.namespace());
    assertEquals(Set.of("a", "b"), config.watchedNamespaces());
    assertEquals(LogFormat.JSON, config.logFormat());
    assertEquals(Duration.ofSeconds(90), config.agentLostAfter());
  }

  @ParameterizedTest
  @CsvSource({
    "PROCMIG_HEALTH_PORT, 70000, a port number from 0 to 65535",
    "PROCMIG_HEALTH_PORT, http, a port number from 0 to 65535",
    "PROCMIG_LEADER_ELECTION, yes, true or false",
    "PROCMIG_AGENT_LOST_AFTER, 1s, a duration of at least 5000ms",
    "PROCMIG_RETRY_DELAY, soon, a duration of at least 1ms",
    "PROCMIG_LOG_FORMAT, xml, one of text",
    "PROCMIG_LOG_LEVEL, LOUD, one of error"
  })
  void nonsenseIsRefusedWithVariableValueAndExpectation(
      String variable, String value, String expectation) {
    InvalidSettingException refusal =
        assertThrows(
            InvalidSettingException.class, () -> OperatorConfig.from(Map.of(variable, value)));
    assertTrue(refusal.getMessage().contains(variable), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("\"" + value + "\""), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(expectation), refusal.getMessage());
  }

  @Test
  void referenceListsEverySetting() throws IOException {
    StringBuilder text =
        new StringBuilder(
            "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
                + "<!-- Generated from operator/ by `make generate`; do not edit. -->\n"
                + "# Settings of the operator\n\n"
                + "Environment variables of the operator's container.\n\n"
                + "| variable | default | what it does |\n|---|---|---|\n");
    for (Setting setting : Setting.values()) {
      text.append("| `").append(setting.variable()).append("` | ");
      text.append(setting.defaultValue().isEmpty() ? "" : "`" + setting.defaultValue() + "`");
      text.append(" | ").append(setting.description()).append(" |\n");
    }
    Path file =
        Path.of("").toAbsolutePath().getParent().resolve("docs/reference/operator-settings.md");
    if (Boolean.getBoolean("procmig.regenerate")) {
      Files.writeString(file, text);
    }
    assertEquals(Files.readString(file), text.toString(), "run `make generate`");
  }
}
