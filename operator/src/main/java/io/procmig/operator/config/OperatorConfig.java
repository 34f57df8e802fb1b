// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.config;

import io.procmig.api.v1alpha1.GoDuration;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The validated configuration of the operator; see {@link Setting} for what each part means.
 *
 * @param watchedNamespaces empty means all
 * @param healthPort 0 lets the system choose
 */
public record OperatorConfig(
    String namespace,
    Set<String> watchedNamespaces,
    int healthPort,
    boolean leaderElection,
    String identity,
    Duration agentLostAfter,
    Duration retryDelay,
    Duration certificateLifetime,
    String agentServiceAccount,
    LogFormat logFormat,
    LogLevel logLevel) {

  /** How log records are written. */
  public enum LogFormat {
    TEXT,
    JSON
  }

  /** From which severity on log records are written. */
  public enum LogLevel {
    ERROR,
    WARN,
    INFO,
    DEBUG,
    TRACE
  }

  /**
   * Reads the configuration.
   *
   * @param environment values by name of the variable, as {@link System#getenv()} gives them
   * @throws InvalidSettingException if a value makes no sense; nothing is guessed
   */
  public static OperatorConfig from(Map<String, String> environment) {
    Map<Setting, String> values = new EnumMap<>(Setting.class);
    for (Setting setting : Setting.values()) {
      String value = environment.getOrDefault(setting.variable(), "").strip();
      values.put(setting, value.isEmpty() ? setting.defaultValue() : value);
    }
    Reader reader = new Reader(values);
    String identity = reader.text(Setting.IDENTITY);
    return new OperatorConfig(
        reader.text(Setting.NAMESPACE),
        Stream.of(reader.text(Setting.WATCHED_NAMESPACES).split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toUnmodifiableSet()),
        reader.port(Setting.HEALTH_PORT),
        reader.truth(Setting.LEADER_ELECTION),
        identity.isEmpty() ? "procmig-operator-" + UUID.randomUUID() : identity,
        reader.duration(Setting.AGENT_LOST_AFTER, Duration.ofSeconds(5)),
        reader.duration(Setting.RETRY_DELAY, Duration.ofMillis(1)),
        reader.duration(Setting.CERTIFICATE_LIFETIME, Duration.ofHours(1)),
        reader.text(Setting.AGENT_SERVICE_ACCOUNT),
        reader.choice(Setting.LOG_FORMAT, LogFormat.class),
        reader.choice(Setting.LOG_LEVEL, LogLevel.class));
  }

  private record Reader(Map<Setting, String> values) {
    String text(Setting setting) {
      return values.get(setting);
    }

    int port(Setting setting) {
      return read(
          setting,
          "a port number from 0 to 65535",
          text -> {
            int port = Integer.parseInt(text);
            if (port < 0 || port > 65535) {
              throw new IllegalArgumentException(text + " is out of range");
            }
            return port;
          });
    }

    boolean truth(Setting setting) {
      return read(
          setting,
          "true or false",
          text ->
              switch (text) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException(text);
              });
    }

    Duration duration(Setting setting, Duration least) {
      return read(
          setting,
          "a duration of at least " + GoDuration.format(least),
          text -> {
            Duration duration = GoDuration.parse(text);
            if (duration.compareTo(least) < 0) {
              throw new IllegalArgumentException(text + " is too short");
            }
            return duration;
          });
    }

    <E extends Enum<E>> E choice(Setting setting, Class<E> type) {
      return read(
          setting,
          Stream.of(type.getEnumConstants())
              .map(constant -> constant.name().toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(", ", "one of ", "")),
          text -> Enum.valueOf(type, text.toUpperCase(Locale.ROOT)));
    }

    private <T> T read(Setting setting, String expectation, Function<String, T> parser) {
      try {
        return parser.apply(values.get(setting));
      } catch (IllegalArgumentException e) {
        throw new InvalidSettingException(setting, values.get(setting), expectation, e);
      }
    }
  }
}
