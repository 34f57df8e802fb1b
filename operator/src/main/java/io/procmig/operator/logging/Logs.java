// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.logging;

import io.procmig.operator.config.OperatorConfig;
import io.procmig.operator.config.OperatorConfig.LogLevel;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/** Sets up where and how log records are written. */
public final class Logs {
  // Held strongly: java.util.logging forgets the level of a logger that nobody refers to.
  private static final Logger ROOT = Logger.getLogger("");

  /** Warns of every kind whose version is not stable, which all of ours are. */
  private static final Logger VERSION_WARNINGS =
      Logger.getLogger("io.fabric8.kubernetes.client.dsl.internal.VersionUsageUtils");

  private Logs() {}

  /** Writes log records to standard error as configured, and nowhere else. */
  public static void configure(OperatorConfig config) {
    LogManager.getLogManager().reset();
    Handler console = new ConsoleHandler();
    console.setFormatter(new SingleLineFormatter(config.logFormat()));
    console.setLevel(Level.ALL);
    ROOT.addHandler(console);
    ROOT.setLevel(level(config.logLevel()));
    VERSION_WARNINGS.setLevel(Level.SEVERE);
  }

  private static Level level(LogLevel level) {
    return switch (level) {
      case ERROR -> Level.SEVERE;
      case WARN -> Level.WARNING;
      case INFO -> Level.INFO;
      case DEBUG -> Level.FINE;
      case TRACE -> Level.FINEST;
    };
  }
}
