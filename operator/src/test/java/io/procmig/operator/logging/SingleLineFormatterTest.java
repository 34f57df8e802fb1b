// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.operator.config.OperatorConfig.LogFormat;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class SingleLineFormatterTest {
  private static String format(LogFormat format, Throwable thrown) {
    LogRecord record = new LogRecord(Level.INFO, "default/\"move\":\nstarted");
    record.setLoggerName("io.procmig.Some");
    record.setInstant(Instant.parse("2030-01-01T00:00:00.123456Z"));
    record.setThrown(thrown);
    return new SingleLineFormatter(format).format(record);
  }

  @Test
  void textIsOneLine() {
    assertEquals(
        "2030-01-01T00:00:00.123Z INFO Some default/\"move\":\\nstarted\n",
        format(LogFormat.TEXT, null));
  }

  @Test
  void jsonIsOneLineAndEscaped() {
    assertEquals(
        "{\"time\":\"2030-01-01T00:00:00.123Z\",\"level\":\"INFO\",\"logger\":\"Some\","
            + "\"message\":\"default/\\\"move\\\":\\nstarted\"}\n",
        format(LogFormat.JSON, null));
  }

  @Test
  void stackTraceStaysOnTheLine() {
    String line = format(LogFormat.TEXT, new IllegalStateException("broken"));
    assertEquals(1, line.lines().count());
    assertTrue(line.contains("IllegalStateException: broken"), line);
  }
}
