// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import java.util.List;
import java.util.Optional;

/** The kernel's modules. */
public interface ModuleTable {
  /** A loaded module; nothing if it is not loaded. */
  Optional<LoadedModule> loaded(String name);

  /** All loaded modules whose name begins with {@code procmig}. */
  List<LoadedModule> ours();

  /**
   * Inserts a module.
   *
   * @throws io.procmig.agent.kernel.KernelException if the kernel refuses it
   */
  void insert(ModuleFile module);

  /**
   * Removes a module.
   *
   * @throws io.procmig.agent.kernel.KernelException if it is in use
   */
  void remove(String name);
}
