// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as the API spells them, which is Go's way: {@code 500ms}, {@code 1h30m}, {@code 1.5s}.
 */
public final class GoDuration {
  private static final Pattern WHOLE = Pattern.compile("(\\d+(\\.\\d+)?(ns|us|ms|s|m|h))+");
  private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ns|us|ms|s|m|h)");
  private static final Map<String, Long> NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  private GoDuration() {}

  /**
   * Reads a duration.
   *
   * @param text for example {@code 1h30m}; must not be null
   * @return the duration, rounded to nanoseconds
   * @throws IllegalArgumentException if the text is not a duration, or is longer than 292 years
   */
  public static Duration parse(String text) {
    if (!WHOLE.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a duration; write it like 500ms, 30s, 10m or 1h30m");
    }
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      nanos =
          nanos.add(
              new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(NANOS.get(part.group(2)))));
    }
    try {
      return Duration.ofNanos(nanos.setScale(0, RoundingMode.HALF_UP).longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("\"" + text + "\" is too long for a duration", e);
    }
  }

  /**
   * Spells a duration for people: in milliseconds below ten seconds, in seconds above, with one
   * digit after the point where it tells something.
   *
   * @param duration must not be negative
   * @return text that {@link #parse} reads; to the microsecond below one millisecond
   */
  public static String format(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(duration + " is negative; a duration here never is");
    }
    long nanos = duration.toNanos();
    if (nanos > 0 && nanos < 1_000_000L) {
      return Math.max(1, Math.round(nanos / 1_000.0)) + "us";
    }
    return nanos < 10_000_000_000L
        ? tenths(nanos, 1_000_000L) + "ms"
        : tenths(nanos, 1_000_000_000L) + "s";
  }

  private static String tenths(long nanos, long unit) {
    return BigDecimal.valueOf(nanos)
        .divide(BigDecimal.valueOf(unit), 1, RoundingMode.HALF_UP)
        .stripTrailingZeros()
        .toPlainString();
  }
}
