// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.logging;

import io.procmig.operator.config.OperatorConfig.LogFormat;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.temporal.ChronoUnit;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** Writes a log record, stack trace and all, as one line of text or of JSON. */
final class SingleLineFormatter extends Formatter {
  private final LogFormat format;

  SingleLineFormatter(LogFormat format) {
    this.format = format;
  }

  @Override
  public String format(LogRecord record) {
    String time = record.getInstant().truncatedTo(ChronoUnit.MILLIS).toString();
    String level = record.getLevel().getName();
    String logger = shortName(record.getLoggerName());
    String message = formatMessage(record) + trace(record.getThrown());
    return switch (format) {
      case TEXT -> time + " " + level + " " + logger + " " + message.replace("\n", "\\n") + "\n";
      case JSON ->
          "{\"time\":"
              + quote(time)
              + ",\"level\":"
              + quote(level)
              + ",\"logger\":"
              + quote(logger)
              + ",\"message\":"
              + quote(message)
              + "}\n";
    };
  }

  private static String shortName(String logger) {
    return logger == null ? "-" : logger.substring(logger.lastIndexOf('.') + 1);
  }

  private static String trace(Throwable thrown) {
    if (thrown == null) {
      return "";
    }
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return "\n" + text.toString().stripTrailing();
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> quoted.append(c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
      }
    }
    return quoted.append('"').toString();
  }
}
