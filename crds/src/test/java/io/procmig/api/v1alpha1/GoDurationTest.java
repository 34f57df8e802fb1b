// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTest {
  @ParameterizedTest
  @CsvSource({"500ms, PT0.5S", "600s, PT10M", "1h30m, PT1H30M", "1.5s, PT1.5S", "7us, PT0.000007S"})
  void readsWhatTheApiAdmits(String text, Duration duration) {
    assertEquals(duration, GoDuration.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "s", "-1s", "1 s", "1d", "99999999999h"})
  void refusesEverythingElse(String text) {
    assertThrows(IllegalArgumentException.class, () -> GoDuration.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0ms",
    "PT0.0000005S, 1us",
    "PT0.00025S, 250us",
    "PT0.154213S, 154.2ms",
    "PT2S, 2000ms",
    "PT10S, 10s",
    "PT12.34S, 12.3s"
  })
  void writesForPeople(Duration duration, String text) {
    assertEquals(text, GoDuration.format(duration));
    GoDuration.parse(text);
  }

  @Test
  void neverWritesANegativeDuration() {
    assertThrows(IllegalArgumentException.class, () -> GoDuration.format(Duration.ofMillis(-1)));
  }
}
