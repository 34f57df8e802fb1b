// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.agent.kernel.ModuleSyscalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** {@link ModuleTable} of the running kernel, by {@code /sys/module} and system calls. */
public final class SysModuleTable implements ModuleTable {
  private static final String PREFIX = "procmig";

  private final Path sysModule;

  /**
   * A table.
   *
   * @param sysModule usually {@code /sys/module}
   */
  public SysModuleTable(Path sysModule) {
    this.sysModule = sysModule;
  }

  @Override
  public Optional<LoadedModule> loaded(String name) {
    Path directory = sysModule.resolve(name);
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    String users = read(directory, "refcnt");
    return Optional.of(
        new LoadedModule(
            name,
            read(directory, "version"),
            read(directory, "srcversion"),
            read(directory, "initstate"),
            users.isEmpty() ? 0 : Integer.parseInt(users)));
  }

  @Override
  public List<LoadedModule> ours() {
    List<LoadedModule> modules = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(sysModule, PREFIX + "*")) {
      for (Path entry : entries) {
        loaded(entry.getFileName().toString()).ifPresent(modules::add);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + sysModule, e);
    }
    modules.sort(Comparator.comparing(LoadedModule::name));
    return modules;
  }

  @Override
  public void insert(ModuleFile module) {
    ModuleSyscalls.insert(module.file());
  }

  @Override
  public void remove(String name) {
    ModuleSyscalls.remove(name);
  }

  private static String read(Path directory, String name) {
    try {
      return Files.readString(directory.resolve(name)).strip();
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + directory.resolve(name), e);
    }
  }
}
