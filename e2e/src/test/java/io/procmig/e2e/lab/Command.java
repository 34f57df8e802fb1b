// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A command of this host that has ended.
 *
 * @param line the command
 * @param status its exit status
 * @param output what it wrote to standard output and standard error
 */
public record Command(String line, int status, String output) {
  /**
   * Runs a command to its end.
   *
   * @throws IllegalStateException if it takes longer than {@code limit}; it is killed then
   */
  public static Command run(Duration limit, List<String> words) {
    try {
      Path file = Files.createTempFile("procmig-e2e-", ".out");
      try {
        Process process =
            new ProcessBuilder(words)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(file.toFile())
                .start();
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException(
              String.join(" ", words) + ": not done after " + limit.toSeconds() + " s");
        }
        String output = Files.readString(file, StandardCharsets.UTF_8).strip();
        return new Command(String.join(" ", words), process.exitValue(), output);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(String.join(" ", words), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(String.join(" ", words) + ": interrupted", e);
    }
  }

  /**
   * Its output.
   *
   * @throws IllegalStateException if it failed
   */
  public String successful() {
    if (status != 0) {
      throw new IllegalStateException(line + ": status " + status + ": " + output);
    }
    return output;
  }
}
