// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.DeviceKernel;
import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.InspectOrder;
import io.procmig.agent.kernel.Inspection;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.StateKind;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.kernel.Token;
import io.procmig.api.v1alpha1.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's modules from the agent's start on, whether they are there or not: loads them, opens
 * the device, and says why not. What is asked while they are not there fails with ENODEV.
 */
public final class KernelAccess implements Kernel, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KernelAccess.class);
  private static final String CORE = "procmig";

  /**
   * Why the modules do not serve.
   *
   * @param reason ModulesMissing or ModuleLoadFailed
   * @param message what failed, and what to do
   */
  public record Problem(Reason reason, String message) {}

  private final ModuleSource source;
  private final ModuleTable table;
  private final String release;
  private final Path device;
  private volatile DeviceKernel open;

  /** Names of the modules that were there when they were last made to serve. */
  private List<String> served = List.of();

  private volatile Problem problem =
      new Problem(Reason.ModuleLoadFailed, "The modules have not been loaded yet.");

  /** Access to the modules of the running kernel; nothing is loaded yet. */
  public KernelAccess(ModuleSource source, ModuleTable table, String release, Path device) {
    this.source = source;
    this.table = table;
    this.release = release;
    this.device = device;
  }

  /**
   * Loads the modules that are not there, and opens the device if it is not open. Called again and
   * again: until it succeeds, and because somebody may remove modules that are not in use.
   */
  public synchronized void establish() {
    if (open != null && names().containsAll(served)) {
      return;
    }
    try {
      new ModuleSet(table).load(source.forRelease(release));
      if (open == null) {
        open = DeviceKernel.open(device);
      }
      problem = null;
      served = names();
      LOG.info("kernel {}: modules {} serve", release, served);
    } catch (ModuleException e) {
      fail(new Problem(e.reason(), e.getMessage()));
    } catch (KernelException e) {
      fail(
          new Problem(
              Reason.ModuleLoadFailed,
              "the modules are loaded and do not answer: "
                  + e.getMessage()
                  + ". Mount the node's /dev at /dev of the agent; look at dmesg on the node"));
    }
  }

  /** Why the modules do not serve; empty if they do. */
  public Optional<Problem> problem() {
    return Optional.ofNullable(problem);
  }

  /** Closes the device and removes the modules that nobody uses. */
  public synchronized void unload() {
    close();
    try {
      new ModuleSet(table).unload(source.forRelease(release));
    } catch (ModuleException e) {
      LOG.warn("the modules stay: {}", e.getMessage());
    }
  }

  @Override
  public DeviceInfo info() {
    return kernel().info();
  }

  @Override
  public List<LoadedComponent> components() {
    return kernel().components();
  }

  @Override
  public List<StateKind> stateKinds() {
    return kernel().stateKinds();
  }

  @Override
  public Inspection inspect(InspectOrder order) {
    return kernel().inspect(order);
  }

  @Override
  public List<KernelObstacle> admit(Claims claims) {
    return kernel().admit(claims);
  }

  @Override
  public KernelRequest checkpoint(SubmitOrder order) {
    return kernel().checkpoint(order);
  }

  @Override
  public KernelRequest restart(SubmitOrder order) {
    return kernel().restart(order);
  }

  @Override
  public Optional<KernelRequest> attach(Token token) {
    if (open == null && table.loaded(CORE).isEmpty()) {
      // Requests hold the core: without it there are none.
      return Optional.empty();
    }
    return kernel().attach(token);
  }

  @Override
  public synchronized void close() {
    if (open != null) {
      open.close();
      open = null;
      problem = new Problem(Reason.ModuleLoadFailed, "The agent is stopping.");
    }
  }

  private DeviceKernel kernel() {
    DeviceKernel kernel = open;
    if (kernel == null) {
      throw new KernelException("use of the modules", device.toString(), Errno.ENODEV);
    }
    return kernel;
  }

  private void fail(Problem why) {
    if (!why.equals(problem)) {
      LOG.error("kernel {}: {}", release, why.message());
    }
    problem = why;
  }

  private List<String> names() {
    return table.ours().stream().map(LoadedModule::name).toList();
  }
}
