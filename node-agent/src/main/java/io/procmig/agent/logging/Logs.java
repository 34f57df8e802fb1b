// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.logging;

import java.util.TimeZone;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/** Sets up where and how log records are written. */
public final class Logs {
  /** Time, level, class, text, stack trace. */
  private static final String FORMAT = "%1$tFT%1$tT.%1$tLZ %4$s %3$s %5$s%6$s%n";

  // Held strongly: java.util.logging forgets the level of a logger that nobody refers to.
  private static final Logger ROOT;
  private static final Logger VERSIONS;

  static {
    System.setProperty("java.util.logging.manager", Manager.class.getName());
    System.setProperty("java.util.logging.SimpleFormatter.format", FORMAT);
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    ROOT = Logger.getLogger("");
    // Says once per kind that v1alpha1 is no final version.
    VERSIONS = Logger.getLogger("io.fabric8.kubernetes.client.dsl.internal.VersionUsageUtils");
  }

  /** Keeps its handlers when the virtual machine ends: the agent's last lines matter most. */
  public static final class Manager extends LogManager {
    @Override
    public void reset() {
      // The manager's own shutdown hook calls this; the process ends anyway.
    }
  }

  private Logs() {}

  /** Writes records of a level and above to standard error. Before anything else is logged. */
  public static void configure(Level level) {
    ROOT.setLevel(level);
    VERSIONS.setLevel(Level.SEVERE);
    for (Handler handler : ROOT.getHandlers()) {
      handler.setLevel(level);
    }
  }
}
