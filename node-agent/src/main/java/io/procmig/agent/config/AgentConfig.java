// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.config;

import io.procmig.api.v1alpha1.GoDuration;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The validated configuration; see {@link Setting} for what each part means.
 *
 * @param clusterOrders whether tasks come from the API server; else from standard input
 * @param bandwidth bytes per second; 0: unlimited
 * @param logLevel error, warn, info, debug or trace
 */
public record AgentConfig(
    String node,
    String pod,
    InetAddress host,
    boolean clusterOrders,
    int controlPort,
    InetSocketAddress healthAddress,
    Path tls,
    Path state,
    List<ModuleDirectory> modules,
    Path modulesDirectory,
    Path stub,
    Path device,
    Path cgroups,
    boolean dataTls,
    int bulkChannels,
    long bandwidth,
    int slots,
    int watchdogMs,
    Duration heartbeat,
    Duration exitTimeout,
    boolean unloadOnExit,
    String logLevel) {

  /**
   * Modules for some kernels.
   *
   * @param release must match the whole kernel release
   * @param directory where they are
   */
  public record ModuleDirectory(Pattern release, Path directory) {}

  private static final Set<String> LOG_LEVELS = Set.of("ERROR", "WARN", "INFO", "DEBUG", "TRACE");
  private static final int MOST_PORT = 65535;
  private static final int MOST_BULK = 15;
  private static final int MOST_SLOTS = 64;
  private static final int MOST_WATCHDOG_SECONDS = 3600;

  /**
   * Reads the configuration.
   *
   * @param environment values by name of the variable, as {@link System#getenv()} gives them
   * @throws InvalidSettingException if one is missing or makes no sense; nothing is guessed
   */
  public static AgentConfig from(Map<String, String> environment) {
    Reader reader = new Reader(environment);
    return new AgentConfig(
        reader.text(Setting.NODE),
        reader.textOrEmpty(Setting.POD),
        reader.host(Setting.HOST),
        reader.either(Setting.ORDERS, "cluster", "stdio"),
        (int) reader.number(Setting.CONTROL_PORT, 0, MOST_PORT),
        reader.address(Setting.HEALTH_ADDRESS),
        Path.of(reader.text(Setting.TLS)),
        Path.of(reader.text(Setting.STATE)),
        reader.moduleDirectories(),
        Path.of(reader.text(Setting.MODULES_DIR)),
        Path.of(reader.text(Setting.STUB)),
        Path.of(reader.text(Setting.DEVICE)),
        Path.of(reader.text(Setting.CGROUPS)),
        reader.either(Setting.DATA_TLS, "on", "off"),
        (int) reader.number(Setting.BULK_CHANNELS, 1, MOST_BULK),
        reader.number(Setting.BANDWIDTH, 0, Long.MAX_VALUE),
        (int) reader.number(Setting.SLOTS, 1, MOST_SLOTS),
        (int) reader.number(Setting.WATCHDOG_SECONDS, 1, MOST_WATCHDOG_SECONDS) * 1000,
        reader.duration(Setting.HEARTBEAT),
        reader.duration(Setting.EXIT_TIMEOUT),
        reader.either(Setting.UNLOAD_ON_EXIT, "true", "false"),
        reader.level(Setting.LOG_LEVEL));
  }

  /** Where this node's agent is reached, as host:port. */
  public String controlAddress() {
    return hostLiteral() + ":" + controlPort;
  }

  /** The node's address as it stands before a colon and a port. */
  public String hostLiteral() {
    String literal = host.getHostAddress();
    return literal.contains(":") ? "[" + literal + "]" : literal;
  }

  private record Reader(Map<String, String> environment) {
    String textOrEmpty(Setting setting) {
      String value = environment.getOrDefault(setting.variable(), "").strip();
      return value.isEmpty() && setting.defaultValue() != null ? setting.defaultValue() : value;
    }

    String text(Setting setting) {
      String value = textOrEmpty(setting);
      if (value.isEmpty()) {
        throw new InvalidSettingException(setting, value, "");
      }
      return value;
    }

    long number(Setting setting, long least, long most) {
      String value = text(setting);
      try {
        long number = Long.parseLong(value);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Said below, as for a number out of range.
      }
      throw new InvalidSettingException(setting, value, "a number from " + least + " to " + most);
    }

    boolean either(Setting setting, String yes, String no) {
      String value = text(setting);
      if (!value.equals(yes) && !value.equals(no)) {
        throw new InvalidSettingException(setting, value, yes + " or " + no);
      }
      return value.equals(yes);
    }

    Duration duration(Setting setting) {
      try {
        return GoDuration.parse(text(setting));
      } catch (IllegalArgumentException e) {
        throw new InvalidSettingException(setting, text(setting), "a duration like 10s");
      }
    }

    InetAddress host(Setting setting) {
      String value = text(setting);
      try {
        return InetAddress.getByName(value);
      } catch (UnknownHostException e) {
        throw new InvalidSettingException(setting, value, "an address");
      }
    }

    InetSocketAddress address(Setting setting) {
      String value = text(setting);
      int colon = value.lastIndexOf(':');
      if (colon < 1) {
        throw new InvalidSettingException(setting, value, "host:port");
      }
      try {
        return new InetSocketAddress(
            InetAddress.getByName(value.substring(0, colon)),
            Integer.parseInt(value.substring(colon + 1)));
      } catch (UnknownHostException | IllegalArgumentException e) {
        throw new InvalidSettingException(setting, value, "host:port");
      }
    }

    String level(Setting setting) {
      String value = text(setting);
      if (!LOG_LEVELS.contains(value)) {
        throw new InvalidSettingException(setting, value, "one of ERROR, WARN, INFO, DEBUG, TRACE");
      }
      return value.toLowerCase(Locale.ROOT);
    }

    List<ModuleDirectory> moduleDirectories() {
      List<ModuleDirectory> directories = new ArrayList<>();
      for (String line : environment.getOrDefault(Setting.MODULES.variable(), "").split("\n")) {
        if (line.isBlank()) {
          continue;
        }
        String[] part = line.split("\t");
        try {
          if (part.length == 2) {
            directories.add(
                new ModuleDirectory(Pattern.compile(part[0]), Path.of(part[1].strip())));
            continue;
          }
        } catch (PatternSyntaxException e) {
          // Said below, as for a line of another form.
        }
        throw new InvalidSettingException(
            Setting.MODULES, line, "a regular expression, a tab and a directory");
      }
      return directories;
    }
  }
}
