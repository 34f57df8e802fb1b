// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModulesTest {
  private static final String RELEASE = "6.1.0-56-amd64";
  private static final List<String> NAMES =
      List.of(
          "procmig",
          "procmig_files",
          "procmig_ipc",
          "procmig_memory",
          "procmig_signals",
          "procmig_socket",
          "procmig_task");

  @TempDir Path directory;

  /** A kernel that keeps its rules: no module twice, none before or after those that need it. */
  private static final class FakeTable implements ModuleTable {
    final Map<String, LoadedModule> loaded = new LinkedHashMap<>();
    final List<String> log = new ArrayList<>();
    String inUse = "";
    String refused = "";

    @Override
    public Optional<LoadedModule> loaded(String name) {
      return Optional.ofNullable(loaded.get(name));
    }

    @Override
    public List<LoadedModule> ours() {
      return List.copyOf(loaded.values());
    }

    @Override
    public void insert(ModuleFile module) {
      if (module.name().equals(refused)) {
        throw new KernelException("finit_module", module.file().toString(), Errno.ENOEXEC);
      }
      if (!loaded.keySet().containsAll(module.dependsOn())) {
        throw new KernelException("finit_module", module.file().toString(), Errno.ENOENT);
      }
      log.add("+" + module.name());
      loaded.put(
          module.name(), new LoadedModule(module.name(), "1", module.srcversion(), "live", 0));
    }

    @Override
    public void remove(String name) {
      boolean needed = name.equals("procmig") && loaded.size() > 1;
      if (name.equals(inUse) || needed) {
        throw new KernelException("delete_module", name, Errno.EAGAIN);
      }
      log.add("-" + name);
      loaded.remove(name);
    }
  }

  private Path modules(String under, String release, String srcversion, String... without)
      throws IOException {
    Path target = Files.createDirectories(directory.resolve(under));
    for (String name : NAMES) {
      if (!List.of(without).contains(name)) {
        write(target, name, release, srcversion, name.equals("procmig") ? "" : "procmig");
      }
    }
    write(target, "procmig_loopback", release, srcversion, "procmig");
    return target;
  }

  private static void write(
      Path target, String name, String release, String srcversion, String depends)
      throws IOException {
    String info =
        "\177ELF junk\0version=0.1.0\0license=GPL\0srcversion="
            + srcversion
            + "\0depends="
            + depends
            + "\0retpoline=Y\0name="
            + name
            + "\0vermagic="
            + release
            + " SMP preempt mod_unload \0";
    Files.write(target.resolve(name + ".ko"), info.getBytes(StandardCharsets.ISO_8859_1));
  }

  private ModuleSource source(ModuleSource.Extra... extras) {
    return new ModuleSource(directory.resolve("image"), List.of(extras));
  }

  @Test
  void modulesAreFoundByReleaseAndOrderedByDependency() throws IOException {
    modules("image/" + RELEASE, RELEASE, "AAAA");
    List<ModuleFile> found = source().forRelease(RELEASE);
    assertEquals(NAMES, found.stream().map(ModuleFile::name).toList());
    assertEquals("AAAA", found.get(0).srcversion());
    assertEquals(RELEASE, found.get(0).release());
    assertEquals(List.of("procmig"), found.get(1).dependsOn());
  }

  @Test
  void theFirstExtraDirectoryThatMatchesWins() throws IOException {
    modules("image/" + RELEASE, RELEASE, "IMAGE");
    Path extra = modules("extra", RELEASE, "EXTRA");
    Path nested = modules("nested/" + RELEASE, RELEASE, "NESTED").getParent();
    ModuleSource.Extra other = new ModuleSource.Extra(Pattern.compile("5\\..*"), nested);
    ModuleSource.Extra mine = new ModuleSource.Extra(Pattern.compile("6\\.1\\..*"), extra);
    ModuleSource.Extra late = new ModuleSource.Extra(Pattern.compile(".*"), nested);
    assertEquals("EXTRA", source(other, mine, late).forRelease(RELEASE).get(0).srcversion());
    assertEquals("NESTED", source(other, late).forRelease(RELEASE).get(0).srcversion());
    assertEquals("IMAGE", source(other).forRelease(RELEASE).get(0).srcversion());
  }

  @Test
  void aKernelWithoutModulesIsToldWhatToDo() throws IOException {
    ModuleException missing =
        assertThrows(ModuleException.class, () -> source().forRelease(RELEASE));
    assertEquals(Reason.ModulesMissing, missing.reason());
    assertTrue(missing.getMessage().contains(RELEASE), missing.getMessage());
    assertTrue(missing.getMessage().contains("Add modules"), missing.getMessage());
    modules("image/" + RELEASE, RELEASE, "A", "procmig_task", "procmig_files");
    ModuleException incomplete =
        assertThrows(ModuleException.class, () -> source().forRelease(RELEASE));
    assertEquals(Reason.ModulesMissing, incomplete.reason());
    assertTrue(incomplete.getMessage().contains("lacks procmig_files, procmig_task"));
  }

  @Test
  void modulesOfAnotherKernelAreNotTried() throws IOException {
    modules("image/" + RELEASE, "6.1.0-1-amd64", "A");
    ModuleException failure =
        assertThrows(ModuleException.class, () -> source().forRelease(RELEASE));
    assertEquals(Reason.ModuleLoadFailed, failure.reason());
    assertTrue(failure.getMessage().contains("built for kernel 6.1.0-1-amd64"));
    Files.writeString(directory.resolve("image/" + RELEASE + "/procmig.ko"), "no module");
    assertThrows(ModuleException.class, () -> source().forRelease(RELEASE));
  }

  @Test
  void whatIsLoadedInTheSameVersionStays() throws IOException {
    modules("image/" + RELEASE, RELEASE, "A");
    FakeTable table = new FakeTable();
    ModuleSet set = new ModuleSet(table);
    set.load(source().forRelease(RELEASE));
    assertEquals("+procmig", table.log.get(0));
    assertEquals(7, table.log.size());
    set.load(source().forRelease(RELEASE));
    assertEquals(7, table.log.size());
  }

  @Test
  void anotherVersionIsReplacedOnlyWhileNobodyUsesIt() throws IOException {
    modules("image/" + RELEASE, RELEASE, "OLD");
    FakeTable table = new FakeTable();
    ModuleSet set = new ModuleSet(table);
    set.load(source().forRelease(RELEASE));
    modules("image/" + RELEASE, RELEASE, "NEW");
    table.inUse = "procmig_memory";
    ModuleException used =
        assertThrows(ModuleException.class, () -> set.load(source().forRelease(RELEASE)));
    assertEquals(Reason.ModuleLoadFailed, used.reason());
    assertTrue(used.getMessage().contains("procmig_memory is loaded in another version"));
    table.inUse = "";
    set.load(source().forRelease(RELEASE));
    assertEquals("NEW", table.loaded("procmig").orElseThrow().srcversion());
    assertEquals("NEW", table.loaded("procmig_memory").orElseThrow().srcversion());
  }

  @Test
  void aRefusedModuleIsNamedWithTheErrorOfTheKernel() throws IOException {
    modules("image/" + RELEASE, RELEASE, "A");
    FakeTable table = new FakeTable();
    table.refused = "procmig_task";
    ModuleException failure =
        assertThrows(
            ModuleException.class, () -> new ModuleSet(table).load(source().forRelease(RELEASE)));
    assertTrue(failure.getMessage().contains("procmig_task.ko"), failure.getMessage());
    assertTrue(failure.getMessage().contains("ENOEXEC; dmesg says why"), failure.getMessage());
  }

  @Test
  void unloadingTakesWhatIsUnusedInReverseOrderAndLeavesTheRest() throws IOException {
    modules("image/" + RELEASE, RELEASE, "A");
    FakeTable table = new FakeTable();
    ModuleSet set = new ModuleSet(table);
    set.load(source().forRelease(RELEASE));
    table.inUse = "procmig_files";
    set.unload(source().forRelease(RELEASE));
    assertEquals(List.of("procmig", "procmig_files"), List.copyOf(table.loaded.keySet()));
    table.inUse = "";
    set.unload(source().forRelease(RELEASE));
    assertEquals(0, table.loaded.size());
    assertEquals("-procmig", table.log.get(table.log.size() - 1));
  }

  @Test
  void modulesOfTheRunningKernelAreReadFromSysfs() throws IOException {
    Path sys = Files.createDirectories(directory.resolve("sys"));
    Path module = Files.createDirectories(sys.resolve("procmig"));
    Files.writeString(module.resolve("refcnt"), "3\n");
    Files.writeString(module.resolve("srcversion"), "ABCD\n");
    Files.writeString(module.resolve("initstate"), "live\n");
    Files.createDirectories(sys.resolve("procmig_task"));
    Files.createDirectories(sys.resolve("tls"));
    SysModuleTable table = new SysModuleTable(sys);
    assertEquals(
        new LoadedModule("procmig", "", "ABCD", "live", 3), table.loaded("procmig").orElseThrow());
    assertEquals(
        List.of("procmig", "procmig_task"), table.ours().stream().map(LoadedModule::name).toList());
    assertTrue(table.loaded("absent").isEmpty());
  }
}
