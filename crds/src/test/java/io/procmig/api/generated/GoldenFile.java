// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A generated file that is committed. Tests compare it with what would be generated now; with
 * system property {@code procmig.regenerate=true} they write it instead.
 */
final class GoldenFile {
  /** The root of the repository; Maven runs tests in the directory of the module. */
  static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private GoldenFile() {}

  static void check(Path file, String generated) throws IOException {
    if (Boolean.getBoolean("procmig.regenerate")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, generated);
      return;
    }
    String committed = Files.exists(file) ? Files.readString(file) : "";
    assertEquals(
        committed,
        generated,
        () ->
            ROOT.relativize(file)
                + " is not what the sources say; run `make generate` and commit it");
  }
}
