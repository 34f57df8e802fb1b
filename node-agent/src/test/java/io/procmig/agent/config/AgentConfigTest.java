// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentConfigTest {
  private static Map<String, String> environment(String... more) {
    Map<String, String> environment =
        new HashMap<>(Map.of("NODE_NAME", "node-a", "HOST_IP", "10.0.0.1"));
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return environment;
  }

  @Test
  void nodeAndAddressSuffice() {
    AgentConfig config = AgentConfig.from(environment());
    assertEquals("node-a", config.node());
    assertEquals("10.0.0.1:7443", config.controlAddress());
    assertEquals(Path.of("/etc/procmig/tls"), config.tls());
    assertEquals(Path.of("/var/lib/procmig"), config.state());
    assertEquals(Path.of("/dev/procmig"), config.device());
    assertTrue(config.dataTls());
    assertEquals(10_000, config.watchdogMs());
    assertEquals(Duration.ofSeconds(10), config.heartbeat());
    assertEquals(7081, config.healthAddress().getPort());
    assertFalse(config.unloadOnExit());
  }

  @Test
  void everythingCanBeSet() {
    AgentConfig config =
        AgentConfig.from(
            environment(
                "HOST_IP", "fd00::1",
                "PROCMIG_CONTROL_PORT", "1234",
                "PROCMIG_DATA_TLS", "off",
                "PROCMIG_WATCHDOG_SECONDS", "3",
                "PROCMIG_MAX_CONCURRENT", "5",
                "PROCMIG_BANDWIDTH", "1000000",
                "PROCMIG_UNLOAD_ON_EXIT", "true",
                "PROCMIG_MODULES", "6\\.1\\..*\t/opt/a\n\\Q5.10\\E\t/opt/b\n"));
    assertEquals("[fd00:0:0:0:0:0:0:1]:1234", config.controlAddress());
    assertFalse(config.dataTls());
    assertEquals(3000, config.watchdogMs());
    assertEquals(5, config.slots());
    assertEquals(1_000_000, config.bandwidth());
    assertTrue(config.unloadOnExit());
    assertEquals(2, config.modules().size());
    assertTrue(config.modules().get(0).release().matcher("6.1.0-56-amd64").matches());
    assertEquals(Path.of("/opt/b"), config.modules().get(1).directory());
  }

  @ParameterizedTest
  @CsvSource({
    "NODE_NAME, '', is not set",
    "HOST_IP, '', is not set",
    "PROCMIG_CONTROL_PORT, 70000, a number from 0 to 65535",
    "PROCMIG_DATA_TLS, maybe, on or off",
    "PROCMIG_MAX_CONCURRENT, 0, a number from 1 to 64",
    "PROCMIG_HEARTBEAT, soon, a duration like 10s",
    "PROCMIG_HEALTH_ADDRESS, 7081, host:port",
    "PROCMIG_LOG_LEVEL, LOUD, one of ERROR",
    "PROCMIG_MODULES, /opt/a, a tab and a directory"
  })
  void nothingIsGuessed(String variable, String value, String said) {
    InvalidSettingException failure =
        assertThrows(
            InvalidSettingException.class, () -> AgentConfig.from(environment(variable, value)));
    assertTrue(failure.getMessage().contains(variable), failure.getMessage());
    assertTrue(failure.getMessage().contains(said), failure.getMessage());
  }
}
