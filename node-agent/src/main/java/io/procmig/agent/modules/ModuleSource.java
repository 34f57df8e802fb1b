// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Where the modules for a kernel are. */
public final class ModuleSource {
  /**
   * A directory for some kernels.
   *
   * @param release must match the whole kernel release
   * @param directory holds the modules, or a directory per release that does
   */
  public record Extra(Pattern release, Path directory) {}

  /** Without these nothing can be migrated. */
  private static final Set<String> REQUIRED =
      Set.of(
          "procmig",
          "procmig_files",
          "procmig_ipc",
          "procmig_memory",
          "procmig_signals",
          "procmig_task",
          "procmig_socket");

  /** For tests in one machine. */
  private static final Set<String> UNWANTED = Set.of("procmig_loopback");

  private final Path image;
  private final List<Extra> extras;

  /**
   * A source.
   *
   * @param image directory of the agent's image with a directory per release
   * @param extras further directories; the first that matches is used instead of the image
   */
  public ModuleSource(Path image, List<Extra> extras) {
    this.image = image;
    this.extras = List.copyOf(extras);
  }

  /**
   * The modules for a kernel, each after those that it depends on.
   *
   * @throws ModuleException ModulesMissing if there are none; ModuleLoadFailed if they cannot be
   *     read, are incomplete, or are for another kernel
   */
  public List<ModuleFile> forRelease(String release) {
    Path directory = directory(release);
    if (!Files.isDirectory(directory)) {
      throw new ModuleException(
          Reason.ModulesMissing, "there is no " + directory + " for kernel " + release);
    }
    List<ModuleFile> modules = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.ko")) {
      for (Path file : files) {
        ModuleFile module = ModuleFile.read(file);
        if (!UNWANTED.contains(module.name())) {
          modules.add(module);
        }
      }
    } catch (IOException e) {
      throw new ModuleException(
          Reason.ModuleLoadFailed,
          "cannot read the modules in " + directory + ": " + e.getMessage());
    }
    Set<String> missing = new HashSet<>(REQUIRED);
    for (ModuleFile module : modules) {
      missing.remove(module.name());
      if (!module.release().equals(release)) {
        throw new ModuleException(
            Reason.ModuleLoadFailed,
            module.file()
                + " was built for kernel "
                + module.release()
                + ", and kernel "
                + release
                + " runs here");
      }
    }
    if (!missing.isEmpty()) {
      throw new ModuleException(
          Reason.ModulesMissing,
          directory + " lacks " + String.join(", ", missing.stream().sorted().toList()));
    }
    return inOrder(modules);
  }

  private Path directory(String release) {
    for (Extra extra : extras) {
      if (extra.release().matcher(release).matches()) {
        Path own = extra.directory().resolve(release);
        return Files.isDirectory(own) ? own : extra.directory();
      }
    }
    return image.resolve(release);
  }

  private static List<ModuleFile> inOrder(List<ModuleFile> modules) {
    List<ModuleFile> left = new ArrayList<>(modules);
    left.sort(Comparator.comparing(ModuleFile::name));
    Set<String> ours = new HashSet<>();
    left.forEach(module -> ours.add(module.name()));
    List<ModuleFile> ordered = new ArrayList<>();
    Set<String> done = new HashSet<>();
    while (!left.isEmpty()) {
      ModuleFile next =
          left.stream()
              .filter(
                  module ->
                      module.dependsOn().stream()
                          .allMatch(name -> done.contains(name) || !ours.contains(name)))
              .findFirst()
              .orElseThrow(
                  () ->
                      new ModuleException(
                          Reason.ModuleLoadFailed,
                          "the modules "
                              + left.stream().map(ModuleFile::name).toList()
                              + " depend on each other in a circle"));
      left.remove(next);
      done.add(next.name());
      ordered.add(next);
    }
    return ordered;
  }
}
