// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.logging;

import java.util.TimeZone;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Sets up where and how log records are written: one line each on standard error, in UTC. */
public final class Logs {
  private static final String SIMPLE = "org.slf4j.simpleLogger.";

  // Held strongly: java.util.logging forgets the level of a logger that nobody refers to.
  private static final Logger ROOT = Logger.getLogger("");

  private Logs() {}

  /**
   * Writes records of a level and above. Before anything else is logged.
   *
   * @param level error, warn, info, debug or trace
   */
  public static void configure(String level) {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    System.setProperty(SIMPLE + "defaultLogLevel", level);
    System.setProperty(SIMPLE + "showDateTime", "true");
    System.setProperty(SIMPLE + "dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
    System.setProperty(SIMPLE + "showThreadName", "false");
    System.setProperty(SIMPLE + "showShortLogName", "true");
    // Says once per kind that v1alpha1 is no final version.
    System.setProperty(
        SIMPLE + "log.io.fabric8.kubernetes.client.dsl.internal.VersionUsageUtils", "error");
    // gRPC logs there, and only what went wrong.
    ROOT.setLevel(Level.WARNING);
  }
}
