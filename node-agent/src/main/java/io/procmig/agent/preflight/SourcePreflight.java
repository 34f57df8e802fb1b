// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.InspectOrder;
import io.procmig.agent.kernel.Inspection;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.MechanismKind;
import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Subsystem;
import io.procmig.agent.process.FoundProcess;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcUnreadableException;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.agent.transfer.KernelCauses;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The source's half: what the modules say about the process, and what the target must know. */
public final class SourcePreflight {
  /**
   * The result.
   *
   * @param obstacles everything in the way here
   * @param facts for the target; null when the process could not be looked at
   * @param processes that take part
   * @param threads of all of them; both null when the kernel could not look
   */
  public record Result(
      List<Obstacle> obstacles, SourceFacts facts, Integer processes, Integer threads) {}

  private final Kernel kernel;
  private final ProcFiles proc;
  private final ProcessFiles files;
  private final String machine;
  private final List<String> cpuFeatures;

  /**
   * A preflight.
   *
   * @param machine as uname -m
   * @param cpuFeatures flags of /proc/cpuinfo
   */
  public SourcePreflight(
      Kernel kernel, ProcFiles proc, ProcessFiles files, String machine, List<String> cpuFeatures) {
    this.kernel = kernel;
    this.proc = proc;
    this.files = files;
    this.machine = machine;
    this.cpuFeatures = cpuFeatures;
  }

  /** Looks at a process, and at all that take part with it, without touching them. */
  public Result check(
      FoundProcess process,
      Selection selection,
      Strategy strategy,
      List<MechanismRule> mechanisms) {
    List<Obstacle> obstacles = new ArrayList<>();
    Inspection inspection;
    DeviceInfo info;
    try {
      info = kernel.info();
      inspection =
          kernel.inspect(
              new InspectOrder(
                  process.pid(), process.startTimeTicks(), selection, strategy, mechanisms));
    } catch (KernelException e) {
      var cause = KernelCauses.of(e, Component.SourceKernel, "Inspect");
      obstacles.add(
          new Obstacle(cause.reason(), "core", "process " + process.pid(), cause.message()));
      return new Result(obstacles, null, null, null);
    }
    KernelObstacles words = new KernelObstacles(kernel.components());
    for (KernelObstacle obstacle : inspection.obstacles()) {
      obstacles.add(words.onSource(obstacle));
    }
    try {
      return new Result(
          obstacles,
          new SourceFacts(
              process.pid(),
              numbers(process.pid(), inspection.pids()),
              info.kernelRelease(),
              info.abiVersion(),
              info.streamVersion(),
              machine,
              info.xfeatures(),
              info.xstateBytes(),
              inspection.memoryBytes(),
              cpuFeatures,
              files.of(process.pid(), inspection.pids(), ignoredDescriptors(mechanisms)),
              inspection.claims()),
          inspection.processes(),
          inspection.threads());
    } catch (ProcUnreadableException e) {
      obstacles.add(
          new Obstacle(
              Reason.ProcessExited,
              "files",
              "process " + process.pid(),
              "process "
                  + process.pid()
                  + " could not be read to the end: "
                  + e.getMessage()
                  + ". "
                  + Reason.ProcessExited.nextStep()));
      return new Result(obstacles, null, inspection.processes(), inspection.threads());
    }
  }

  /** PIDs and thread IDs of all, the named one's PID first; threads keep theirs like processes. */
  private List<Integer> numbers(int named, List<Integer> pids) {
    Set<Integer> numbers = new LinkedHashSet<>();
    numbers.add(named);
    numbers.addAll(pids);
    for (int pid : List.copyOf(numbers)) {
      numbers.addAll(proc.threads(pid));
    }
    return List.copyOf(numbers);
  }

  private static Set<Integer> ignoredDescriptors(List<MechanismRule> mechanisms) {
    return mechanisms.stream()
        .filter(rule -> rule.subsystem() == Subsystem.FILES.code())
        .filter(rule -> rule.mechanism() == MechanismKind.IGNORE)
        .map(rule -> (int) rule.entity())
        .collect(Collectors.toSet());
  }
}
