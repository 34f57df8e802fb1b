// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.agent.kernel.DataListener;
import io.procmig.agent.kernel.DataSocket;
import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.ModuleSyscalls;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.TransferException;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the kernel's own TLS available, without which process state does not leave a node. */
public final class KernelTls implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(KernelTls.class);
  private static final Duration IO = Duration.ofSeconds(2);

  private final Path available;
  private final Path module;
  private final String node;

  /**
   * For one kernel.
   *
   * @param proc usually {@code /proc}
   * @param hostModules usually {@code /lib/modules}
   * @param release of the running kernel
   * @param node for messages
   */
  public KernelTls(Path proc, Path hostModules, String release, String node) {
    this.available = proc.resolve("sys/net/ipv4/tcp_available_ulp");
    this.module = hostModules.resolve(release).resolve("kernel/net/tls/tls.ko");
    this.node = node;
  }

  /**
   * Loads it if it is not there.
   *
   * @throws TransferException ModuleLoadFailed if it cannot be had
   */
  @Override
  public synchronized void run() {
    if (isAvailable()) {
      return;
    }
    String why = "";
    try {
      // The kernel runs the node's own modprobe for whoever may administer networks.
      attach();
    } catch (KernelException e) {
      why = e.operation() + " failed: " + Errno.name(e.errno());
    }
    if (!isAvailable()) {
      try {
        ModuleSyscalls.insert(module);
      } catch (KernelException e) {
        why += (why.isEmpty() ? "" : ", ") + e.getMessage();
      }
    }
    if (!isAvailable()) {
      throw new TransferException(
          new Cause(
              Reason.ModuleLoadFailed,
              Component.SourceAgent,
              "Connect",
              "node "
                  + node
                  + " has no kernel TLS for the data connections ("
                  + why
                  + "). Run modprobe tls on the node, or install its kernel's module package"),
          null);
    }
    LOG.info("kernel TLS loaded");
  }

  private boolean isAvailable() {
    try {
      return Arrays.asList(ProcFiles.content(available).strip().split(" ")).contains("tls");
    } catch (IOException e) {
      // A kernel without any upper-layer protocol has no such file.
      LOG.debug("{}: {}", available, e.toString());
      return false;
    }
  }

  private static void attach() {
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress());
        DataSocket socket = DataSocket.connect(listener.address(), IO)) {
      socket.attachTls();
    }
  }
}
