// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import com.sun.jna.Memory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** finit_module(2) and delete_module(2). Both need CAP_SYS_MODULE. */
public final class ModuleSyscalls {
  private ModuleSyscalls() {}

  /**
   * Inserts a module.
   *
   * @throws KernelException ENOEXEC it was built for another kernel; EEXIST it is loaded; ENOENT a
   *     symbol is missing; the kernel log says more
   */
  public static void insert(Path file) {
    try (OwnedDescriptor module = OwnedDescriptor.open(file.toString(), Libc.O_RDONLY);
        NativeBuffer parameters = new NativeBuffer(1)) {
      if (Libc.syscall(Abi.SYS_finit_module, module.number(), parameters.pointer(), 0) < 0) {
        throw new KernelException("finit_module", file.toString(), Libc.errno());
      }
    }
  }

  /**
   * Removes a module.
   *
   * @throws KernelException EAGAIN or EBUSY it is in use, ENOENT it is not loaded
   */
  public static void remove(String name) {
    byte[] text = name.getBytes(StandardCharsets.US_ASCII);
    try (Memory memory = new Memory(text.length + 1L)) {
      memory.clear();
      memory.write(0, text, 0, text.length);
      if (Libc.syscall(Abi.SYS_delete_module, memory, Libc.O_NONBLOCK, 0) < 0) {
        throw new KernelException("delete_module", name, Libc.errno());
      }
    }
  }
}
