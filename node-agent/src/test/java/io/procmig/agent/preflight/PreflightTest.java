// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.MechanismKind;
import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.ObstacleCode;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.process.BesideTemporary;
import io.procmig.agent.process.FileFact;
import io.procmig.agent.process.FoundProcess;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both halves: everything that is in the way is said, and all of it at once. */
class PreflightTest {
  private static final FoundProcess SELF =
      new FoundProcess((int) ProcessHandle.current().pid(), 1, "java", "java", 0);

  @TempDir(factory = BesideTemporary.class)
  Path directory;

  private final PreflightKernel kernel = new PreflightKernel();
  private final ProcFiles realProc = new ProcFiles(Path.of("/proc"));
  private long storeBytes = 1L << 30;
  private Path proc;
  private Path root;

  @BeforeEach
  void targetNode() throws IOException {
    proc = Files.createDirectories(directory.resolve("proc"));
    root = Files.createDirectories(directory.resolve("root"));
    Files.createDirectories(proc.resolve("1"));
    Files.writeString(proc.resolve("1/mountinfo"), "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
    Files.createDirectories(proc.resolve("sys/kernel"));
    Files.writeString(proc.resolve("sys/kernel/pid_max"), "32768\n");
    Files.writeString(
        proc.resolve("meminfo"), "MemTotal: 2000 kB\nMemAvailable:    1000 kB\nSwapFree: 0 kB\n");
  }

  private SourcePreflight.Result source(List<MechanismRule> mechanisms) {
    return new SourcePreflight(
            kernel, realProc, new ProcessFiles(realProc), "x86_64", List.of("avx", "sse"))
        .check(SELF, Selection.SESSION, Strategy.STOP_AND_COPY, mechanisms);
  }

  private List<Obstacle> target(SourceFacts facts) {
    return new TargetPreflight(
            "node-b",
            kernel,
            new ProcFiles(proc),
            root,
            "x86_64",
            List.of("avx", "sse"),
            () -> storeBytes)
        .check(facts);
  }

  private SourceFacts facts(int pid, FileFact... files) {
    return facts(List.of(pid), files);
  }

  private SourceFacts facts(List<Integer> pids, FileFact... files) {
    return new SourceFacts(
        pids.get(0),
        pids,
        "6.1.0-1-amd64",
        1,
        1,
        "x86_64",
        0b111,
        832,
        1000,
        List.of("avx", "sse"),
        List.of(files),
        kernel.claims);
  }

  private static Set<Reason> reasons(List<Obstacle> obstacles) {
    return obstacles.stream().map(Obstacle::code).collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void theSourceTellsEveryObstacleWithItsObject() {
    kernel.obstacles =
        List.of(
            new KernelObstacle(
                1,
                ObstacleCode.UNSUPPORTED,
                5,
                "fd 5: TCP socket 10.0.0.3:6379 established: no loaded subsystem carries it"),
            new KernelObstacle(77, ObstacleCode.STATE, 9, "thread 9: traced by 10"),
            new KernelObstacle(0, ObstacleCode.LIMIT, 3, "too many threads"));
    SourcePreflight.Result result = source(List.of());
    assertEquals(
        List.of(
            new Obstacle(
                Reason.UnsupportedState,
                "files",
                "fd 5",
                "fd 5: TCP socket 10.0.0.3:6379 established: no loaded subsystem carries it"),
            new Obstacle(
                Reason.UnsupportedState,
                "subsystem 77",
                "thread 9",
                "thread 9: traced by 10 (it may pass)"),
            new Obstacle(Reason.UnsupportedState, "core", "3", "too many threads")),
        result.obstacles());
    assertEquals(SELF.pid(), result.facts().pid());
    assertEquals(1 << 20, result.facts().memoryBytes());
    assertEquals(List.of(Selection.SESSION), kernel.selections);
    assertEquals(3, result.processes());
    assertEquals(7, result.threads());
    assertTrue(result.facts().files().stream().anyMatch(f -> f.usedBy().equals("program")));
  }

  @Test
  void descriptorsThatTheTargetReplacesNeedNoFileThere() throws IOException {
    Path open = Files.writeString(directory.resolve("out"), "x");
    try (var writing = new java.io.RandomAccessFile(open.toFile(), "rw")) {
      FileFact fact =
          source(List.of()).facts().files().stream()
              .filter(f -> f.path().equals(open.toString()))
              .findFirst()
              .orElseThrow();
      int descriptor = Integer.parseInt(fact.usedBy().substring(3));
      List<MechanismRule> ignored = List.of(new MechanismRule(1, MechanismKind.IGNORE, descriptor));
      assertTrue(
          source(ignored).facts().files().stream()
              .noneMatch(f -> f.path().equals(open.toString())));
      assertEquals(1, writing.length());
    }
  }

  @Test
  void aProcessThatIsGoneIsOneObstacleAndNoFacts() {
    kernel.refusal = new KernelException("PROCMIG_IOC_INSPECT", "process 1", Errno.ESTALE);
    SourcePreflight.Result result = source(List.of());
    assertEquals(Set.of(Reason.ProcessIdentityChanged), reasons(result.obstacles()));
    assertNull(result.facts());
    assertNull(result.processes());
  }

  @Test
  void aTargetThatHasEverythingFindsNothing() throws IOException {
    Path file = Files.writeString(root.resolve("pi"), "3.14");
    var modified = Files.getLastModifiedTime(file).toInstant();
    FileFact fact =
        new FileFact(
            "/pi",
            "fd 3",
            FileFact.Kind.REGULAR,
            4,
            modified.getEpochSecond(),
            modified.getNano(),
            1,
            0100644,
            "ext4",
            false,
            false);
    FileFact home =
        new FileFact(
            "/", "cwd", FileFact.Kind.DIRECTORY, 1, 1, 1, 1, 0040755, "ext4", false, false);
    assertEquals(List.of(), target(facts(4711, fact, home)));
  }

  @Test
  void aTargetThatHasNothingSaysEverythingAtOnce() throws IOException {
    squatter(4711);
    storeBytes = 10;
    kernel.info = new DeviceInfo(1, 2, 0, 1, 1, 0b011, 576, "6.12.0");
    FileFact missing =
        new FileFact(
            "/gone", "fd 3", FileFact.Kind.REGULAR, 4, 1, 1, 1, 0100644, "ext4", false, false);
    SourceFacts facts =
        new SourceFacts(
            4711,
            List.of(4711),
            "6.1.0-1-amd64",
            1,
            1,
            "x86_64",
            0b111,
            832,
            1L << 40,
            List.of("avx", "avx512f", "sse"),
            List.of(missing),
            Claims.NONE);
    List<Obstacle> obstacles = target(facts);
    assertEquals(
        new TreeSet<>(
            Set.of(
                Reason.PidTaken,
                Reason.FileMissing,
                Reason.KernelIncompatible,
                Reason.CpuFeaturesMissing,
                Reason.DiskFull,
                Reason.MemoryShort)),
        reasons(obstacles));
    String all = obstacles.stream().map(Obstacle::message).collect(Collectors.joining("\n"));
    assertTrue(all.contains("PID 4711 belongs to squatter on node node-b"), all);
    assertTrue(all.contains("lacks avx512f"), all);
    assertTrue(all.contains("lacks extended state components 0x4"), all);
    assertTrue(all.contains("speak stream version 1"), all);
    assertTrue(all.contains("fd 3: /gone does not exist on node node-b"), all);
  }

  private void squatter(int pid) throws IOException {
    Path squatter = Files.createDirectories(proc.resolve(Integer.toString(pid)));
    Files.writeString(
        squatter.resolve("stat"),
        pid + " (squatter) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1 1\n");
  }

  @Test
  void whatTheModulesClaimIsLookedForByThoseOfTheTarget() {
    kernel.claims = Claims.of(new byte[] {1, 2, 3});
    kernel.taken =
        List.of(
            new KernelObstacle(1, ObstacleCode.TAKEN, 3, "/dev/shm/x: there is a file"),
            new KernelObstacle(1, ObstacleCode.UNSUPPORTED, -1, "TCP socket 10.0.0.9:1: no"));
    assertEquals(kernel.claims, source(List.of()).facts().claims());
    List<Obstacle> obstacles = target(facts(4711));
    assertEquals(
        List.of(Reason.IdentifierTaken, Reason.UnsupportedState),
        obstacles.stream().map(Obstacle::code).toList());
    assertEquals("/dev/shm/x", obstacles.get(0).object());
    assertTrue(
        obstacles.get(0).message().startsWith("on node node-b: /dev/shm/x: there is a file. "));
    kernel.claims = Claims.NONE;
    assertEquals(List.of(), target(facts(4711)));
  }

  @Test
  void everyNumberThatIsTakenIsNamed() throws IOException {
    squatter(4712);
    squatter(4720);
    List<Obstacle> obstacles = target(facts(List.of(4711, 4712, 4713, 4720)));
    assertEquals(
        List.of("pid 4712", "pid 4720"), obstacles.stream().map(Obstacle::object).toList());
    assertEquals(Set.of(Reason.PidTaken), reasons(obstacles));
    assertTrue(obstacles.get(1).message().contains("PID 4720 belongs to squatter on node node-b"));
  }

  @Test
  void theLargestNumberBeyondTheLimitStandsForAll() {
    List<Obstacle> obstacles = target(facts(List.of(4711, 40000, 50000)));
    assertEquals(List.of("pid 50000"), obstacles.stream().map(Obstacle::object).toList());
  }

  @Test
  void theSourceTellsTheNumbersOfAllProcessesAndThreads() throws Exception {
    Process child = new ProcessBuilder("sleep", "600").start();
    Process ended = new ProcessBuilder("true").start();
    try {
      ended.waitFor();
      kernel.others = List.of((int) child.pid(), (int) ended.pid());
      SourceFacts facts = source(List.of()).facts();
      assertEquals(SELF.pid(), facts.pids().get(0));
      assertTrue(facts.pids().contains((int) child.pid()), facts.pids()::toString);
      assertTrue(facts.pids().containsAll(realProc.threads(SELF.pid()).subList(0, 2)));
      assertEquals(facts.pids().size(), Set.copyOf(facts.pids()).size(), facts.pids()::toString);
      assertTrue(
          facts.files().stream().anyMatch(f -> f.usedBy().startsWith("process " + child.pid())),
          facts.files()::toString);
    } finally {
      child.destroyForcibly();
    }
  }

  @Test
  void aNamedProcessThatEndsMeanwhileIsAnObstacle() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    SourcePreflight.Result result =
        new SourcePreflight(kernel, realProc, new ProcessFiles(realProc), "x86_64", List.of())
            .check(
                new FoundProcess((int) ended.pid(), 1, "true", "true", 0),
                Selection.TREE,
                Strategy.STOP_AND_COPY,
                List.of());
    assertEquals(Set.of(Reason.ProcessExited), reasons(result.obstacles()));
    assertNull(result.facts());
  }

  @Test
  void aFileThatTravelsNeedsAFreePlaceInMemory() throws IOException {
    Files.createDirectories(root.resolve("dev/shm/ours"));
    Files.createDirectories(root.resolve("tmp"));
    Files.writeString(
        proc.resolve("1/mountinfo"),
        """
        22 1 254:1 / / rw - ext4 /dev/vda1 rw
        23 22 0:22 / /dev/shm rw - tmpfs tmpfs rw
        """);
    assertEquals(List.of(), target(facts(4711, inMemory("/dev/shm/ours/a"))));
    Files.writeString(root.resolve("dev/shm/ours/a"), "older");
    List<Obstacle> obstacles =
        target(
            facts(
                4711,
                inMemory("/dev/shm/ours/a"),
                inMemory("/dev/shm/theirs/b"),
                inMemory("/tmp/c")));
    assertEquals(
        List.of(Reason.FileDiffers, Reason.FileMissing, Reason.FileMissing),
        obstacles.stream().map(Obstacle::code).toList());
    assertTrue(obstacles.get(0).message().contains("/dev/shm/ours/a lives in memory"));
    assertTrue(obstacles.get(1).message().contains("its directory does not exist"));
    assertTrue(obstacles.get(2).message().contains("/tmp is on ext4 on node node-b"));
  }

  private static FileFact inMemory(String path) {
    return new FileFact(
        path, "fd 3", FileFact.Kind.REGULAR, 4, 1, 1, 1, 0100644, "tmpfs", false, true);
  }

  @Test
  void aPidBeyondTheTargetsLimitIsRefused() {
    List<Obstacle> obstacles = target(facts(32768));
    assertEquals(Set.of(Reason.PidTaken), reasons(obstacles));
    assertTrue(obstacles.get(0).message().contains("beyond pid_max 32768"));
  }

  @Test
  void aTargetWithoutMediumOrWithAnotherXstateSizeIsNotCapable() {
    kernel.components = kernel.components.subList(0, 1);
    assertEquals(Set.of(Reason.TargetNotCapable), reasons(target(facts(4711))));
    kernel.components = new PreflightKernel().components;
    kernel.info = new DeviceInfo(1, 1, 0, 1, 1, 0b111, 2696, "6.1.0-1-amd64");
    assertEquals(Set.of(Reason.CpuFeaturesMissing), reasons(target(facts(4711))));
  }
}
