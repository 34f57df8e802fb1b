// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.ComponentKind;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.process.FileFact;
import io.procmig.agent.process.MountTable;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcUnreadableException;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** The target's half: whether everything that the process needs is here. All reasons at once. */
public final class TargetPreflight {
  /** A token record and what the stub says; more is never written here. */
  private static final long STORE_BYTES = 1 << 20;

  private static final int INIT = 1;

  private final String node;
  private final Kernel kernel;
  private final ProcFiles proc;
  private final Path hostRoot;
  private final String machine;
  private final List<String> cpuFeatures;
  private final LongSupplier storeBytes;

  /**
   * A preflight.
   *
   * @param hostRoot root of the node's own mount namespace, usually {@code /proc/1/root}
   * @param machine as uname -m
   * @param cpuFeatures flags of /proc/cpuinfo
   * @param storeBytes space that the token store has left
   */
  public TargetPreflight(
      String node,
      Kernel kernel,
      ProcFiles proc,
      Path hostRoot,
      String machine,
      List<String> cpuFeatures,
      LongSupplier storeBytes) {
    this.node = node;
    this.kernel = kernel;
    this.proc = proc;
    this.hostRoot = hostRoot;
    this.machine = machine;
    this.cpuFeatures = cpuFeatures;
    this.storeBytes = storeBytes;
  }

  /** Checks this node for a process; touches nothing. */
  public List<Obstacle> check(SourceFacts facts) {
    List<Obstacle> obstacles = new ArrayList<>();
    if (checkKernel(facts, obstacles)) {
      checkClaims(facts, obstacles);
    }
    checkPids(facts, obstacles);
    checkMemory(facts, obstacles);
    checkStore(obstacles);
    checkFiles(facts, obstacles);
    return obstacles;
  }

  /** Whether there are modules that can be asked more. */
  private boolean checkKernel(SourceFacts facts, List<Obstacle> obstacles) {
    DeviceInfo info;
    try {
      info = kernel.info();
      boolean hasMedium =
          kernel.components().stream().anyMatch(c -> c.kind() == ComponentKind.MEDIUM);
      boolean hasSubsystem =
          kernel.components().stream().anyMatch(c -> c.kind() == ComponentKind.SUBSYSTEM);
      if (!hasMedium || !hasSubsystem) {
        add(
            obstacles,
            Reason.TargetNotCapable,
            "core",
            "modules",
            "node " + node + " has no " + (hasMedium ? "subsystem" : "medium") + " loaded");
      }
    } catch (KernelException e) {
      add(obstacles, Reason.TargetNotCapable, "core", "modules", e.getMessage());
      return false;
    }
    if (!machine.equals(facts.machine())) {
      add(
          obstacles,
          Reason.KernelIncompatible,
          "core",
          "machine",
          "the source is " + facts.machine() + " and node " + node + " is " + machine);
    }
    if (info.streamVersion() != facts.streamVersion() || info.abiVersion() != facts.abiVersion()) {
      add(
          obstacles,
          Reason.KernelIncompatible,
          "core",
          "stream version",
          "the modules of the source (kernel "
              + facts.kernelRelease()
              + ") speak stream version "
              + facts.streamVersion()
              + ", those of node "
              + node
              + " (kernel "
              + info.kernelRelease()
              + ") version "
              + info.streamVersion());
    }
    if (!info.kernelRelease().equals(facts.kernelRelease())) {
      add(
          obstacles,
          Reason.KernelIncompatible,
          "core",
          "kernel release",
          "the source runs "
              + facts.kernelRelease()
              + " and node "
              + node
              + " runs "
              + info.kernelRelease()
              + "; the vDSO of a process belongs to its kernel");
    }
    long missing = facts.xfeatures() & ~info.xfeatures();
    if (missing != 0) {
      add(
          obstacles,
          Reason.CpuFeaturesMissing,
          "task",
          "extended state",
          "node " + node + " lacks extended state components 0x" + Long.toHexString(missing));
    } else if (info.xstateBytes() != facts.xstateBytes()) {
      add(
          obstacles,
          Reason.CpuFeaturesMissing,
          "task",
          "extended state",
          "the extended state has "
              + facts.xstateBytes()
              + " bytes on the source and "
              + info.xstateBytes()
              + " on node "
              + node);
    }
    Set<String> lacking = new HashSet<>(facts.cpuFeatures());
    cpuFeatures.forEach(lacking::remove);
    if (!lacking.isEmpty()) {
      add(
          obstacles,
          Reason.CpuFeaturesMissing,
          "task",
          "processor",
          "node " + node + " lacks " + String.join(" ", lacking.stream().sorted().toList()));
    }
    return true;
  }

  /** Numbers and names that only the modules know to look for. */
  private void checkClaims(SourceFacts facts, List<Obstacle> obstacles) {
    if (facts.claims().equals(Claims.NONE)) {
      return;
    }
    try {
      KernelObstacles words = new KernelObstacles(kernel.components());
      for (KernelObstacle obstacle : kernel.admit(facts.claims())) {
        obstacles.add(words.onTarget(obstacle, node));
      }
    } catch (KernelException e) {
      add(obstacles, Reason.KernelIncompatible, "core", "claims", e.getMessage());
    }
  }

  /** Every number that is taken is told: whoever has several of them may be in the way twice. */
  private void checkPids(SourceFacts facts, List<Obstacle> obstacles) {
    int pidMax = Integer.parseInt(proc.global("sys/kernel/pid_max").strip());
    int largest = facts.pids().stream().max(Integer::compare).orElse(facts.pid());
    if (largest >= pidMax) {
      add(
          obstacles,
          Reason.PidTaken,
          "task",
          "pid " + largest,
          "PID "
              + largest
              + " is beyond pid_max "
              + pidMax
              + " of node "
              + node
              + ": raise /proc/sys/kernel/pid_max there");
    }
    for (int pid : facts.pids()) {
      if (proc.exists(pid)) {
        String owner = proc.stat(pid).map(stat -> stat.comm()).orElse("a process");
        add(
            obstacles,
            Reason.PidTaken,
            "task",
            "pid " + pid,
            "PID " + pid + " belongs to " + owner + " on node " + node);
      }
    }
  }

  private void checkMemory(SourceFacts facts, List<Obstacle> obstacles) {
    long available =
        proc.global("meminfo")
            .lines()
            .filter(line -> line.startsWith("MemAvailable:"))
            .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
            .findFirst()
            .orElse(Long.MAX_VALUE);
    if (available < facts.memoryBytes()) {
      add(
          obstacles,
          Reason.MemoryShort,
          "memory",
          "memory",
          "the process needs "
              + facts.memoryBytes()
              + " bytes and node "
              + node
              + " has "
              + available
              + " available");
    }
  }

  private void checkStore(List<Obstacle> obstacles) {
    long left = storeBytes.getAsLong();
    if (left < STORE_BYTES) {
      add(
          obstacles,
          Reason.DiskFull,
          "core",
          "token store",
          "the file system of /var/lib/procmig on node "
              + node
              + " has "
              + left
              + " bytes left and "
              + STORE_BYTES
              + " are needed");
    }
  }

  private void checkFiles(SourceFacts facts, List<Obstacle> obstacles) {
    MountTable mounts = MountTable.parse(proc.global(INIT + "/mountinfo"));
    for (FileFact file : facts.files()) {
      try {
        FileFact here = look(file, file.path(), mounts);
        Optional<Obstacle> obstacle =
            file.travels()
                ? FileComparison.place(file, here, look(file, parent(file), mounts), node)
                : FileComparison.compare(file, here, node);
        obstacle.ifPresent(obstacles::add);
      } catch (ProcUnreadableException e) {
        add(obstacles, Reason.FileMissing, "files", file.usedBy(), e.getMessage());
      }
    }
  }

  private FileFact look(FileFact file, String path, MountTable mounts) {
    return ProcessFiles.look(hostRoot, path, file.usedBy(), mounts, file.writable()).orElse(null);
  }

  private static String parent(FileFact file) {
    return Path.of(file.path()).getParent().toString();
  }

  private static void add(
      List<Obstacle> obstacles, Reason reason, String subsystem, String object, String text) {
    obstacles.add(new Obstacle(reason, subsystem, object, text + ". " + reason.nextStep()));
  }
}
