// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.agent.kernel.KernelException;
import io.procmig.api.v1alpha1.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the kernel's modules to what the agent brought, and takes them away again. A module that
 * is in use is never removed.
 */
public final class ModuleSet {
  private static final Logger LOG = LoggerFactory.getLogger(ModuleSet.class);

  private final ModuleTable table;

  public ModuleSet(ModuleTable table) {
    this.table = table;
  }

  /**
   * Loads what is not loaded. Modules with the same srcversion stay; if one differs, all are
   * replaced if none is in use.
   *
   * @param wanted each after those that it depends on
   * @throws ModuleException ModuleLoadFailed if the kernel refuses one, or another version is in
   *     use
   */
  public void load(List<ModuleFile> wanted) {
    List<ModuleFile> other =
        wanted.stream()
            .filter(
                module ->
                    table
                        .loaded(module.name())
                        .filter(loaded -> !loaded.srcversion().equals(module.srcversion()))
                        .isPresent())
            .toList();
    if (!other.isEmpty()) {
      LOG.info(
          "modules {} are loaded in another version; replacing all",
          other.stream().map(ModuleFile::name).toList());
      unload(wanted, true);
    }
    for (ModuleFile module : wanted) {
      if (table.loaded(module.name()).isEmpty()) {
        insert(module);
      }
      verify(module);
    }
  }

  /** Removes what is not in use, the dependent ones first. What stays is logged. */
  public void unload(List<ModuleFile> loaded) {
    unload(loaded, false);
  }

  private void unload(List<ModuleFile> modules, boolean must) {
    List<ModuleFile> reverse = new ArrayList<>(modules);
    java.util.Collections.reverse(reverse);
    for (ModuleFile module : reverse) {
      if (table.loaded(module.name()).isEmpty()) {
        continue;
      }
      try {
        table.remove(module.name());
        LOG.info("module {} removed", module.name());
      } catch (KernelException e) {
        if (must) {
          throw new ModuleException(
              Reason.ModuleLoadFailed,
              "module "
                  + module.name()
                  + " is loaded in another version than the agent brought and"
                  + " cannot be replaced while it is in use ("
                  + e.getMessage()
                  + "); wait for the migrations on this node to end, then restart the agent");
        }
        LOG.warn("module {} stays: {}", module.name(), e.getMessage());
      }
    }
  }

  private void insert(ModuleFile module) {
    try {
      table.insert(module);
      LOG.info("module {} {} inserted from {}", module.name(), module.srcversion(), module.file());
    } catch (KernelException e) {
      throw new ModuleException(
          Reason.ModuleLoadFailed,
          "the kernel refused " + module.file() + ": " + e.getMessage() + "; dmesg says why");
    }
  }

  private void verify(ModuleFile module) {
    Optional<LoadedModule> loaded = table.loaded(module.name());
    if (loaded.isEmpty() || !loaded.get().srcversion().equals(module.srcversion())) {
      throw new ModuleException(
          Reason.ModuleLoadFailed,
          "module "
              + module.name()
              + " has srcversion "
              + loaded.map(LoadedModule::srcversion).orElse("none")
              + " in the kernel and "
              + module.srcversion()
              + " in "
              + module.file());
    }
  }
}
