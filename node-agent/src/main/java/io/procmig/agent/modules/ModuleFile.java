// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A module as its file describes it.
 *
 * @param file where it is
 * @param name its name in the kernel
 * @param srcversion hash of its sources
 * @param vermagic the kernel that it was built for
 * @param dependsOn modules that must be loaded before
 */
public record ModuleFile(
    Path file, String name, String srcversion, String vermagic, List<String> dependsOn) {
  private static final List<String> KEYS = List.of("name", "srcversion", "vermagic", "depends");

  /**
   * Reads the {@code .modinfo} section, which is a list of {@code key=value} strings.
   *
   * @throws IOException if the file cannot be read or describes no module
   */
  public static ModuleFile read(Path file) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    Map<String, String> info = new TreeMap<>();
    for (String key : KEYS) {
      String mark = "\0" + key + "=";
      int at = text.indexOf(mark);
      if (at >= 0) {
        int begin = at + mark.length();
        info.put(key, text.substring(begin, text.indexOf('\0', begin)));
      }
    }
    if (!info.containsKey("name") || !info.containsKey("vermagic")) {
      throw new IOException(file + " is no kernel module: it has no name or no vermagic");
    }
    String depends = info.getOrDefault("depends", "");
    return new ModuleFile(
        file,
        info.get("name"),
        info.getOrDefault("srcversion", ""),
        info.get("vermagic"),
        depends.isEmpty() ? List.of() : List.of(depends.split(",")));
  }

  /** The kernel release of {@link #vermagic}. */
  public String release() {
    int space = vermagic.indexOf(' ');
    return space < 0 ? vermagic : vermagic.substring(0, space);
  }
}
