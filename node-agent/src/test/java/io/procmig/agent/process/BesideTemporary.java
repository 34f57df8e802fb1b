// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/** For files that tests write: below {@code /tmp} they would be none of the agent's business. */
public final class BesideTemporary implements TempDirFactory {
  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension)
      throws IOException {
    return Files.createTempDirectory(Path.of("/var/tmp"), "files");
  }
}
