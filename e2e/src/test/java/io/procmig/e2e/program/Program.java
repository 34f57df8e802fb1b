// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.e2e.lab.Command;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** One running program: started on a node as an ordinary user without a terminal. */
public final class Program implements AutoCloseable {
  private static final Path BUILT = Path.of("programs", "build").toAbsolutePath();

  /** The nodes are twins that count PIDs alike; the programs' PIDs are free on the other one. */
  private static final int FIRST_PID = 200_000;

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration RARELY = Duration.ofSeconds(2);
  private static final Duration SOON = Duration.ofSeconds(120);
  private static final Duration CONTROL = Duration.ofSeconds(300);

  /** Another one in each run: a node may still know the files of an earlier one by their names. */
  static final String RUN = "e2e-" + Long.toHexString(System.currentTimeMillis());

  private static final AtomicInteger STARTED = new AtomicInteger();
  private static boolean installed;

  private final Lab lab;
  private final Kind kind;
  private final String argument;
  private final Path directory;
  private final String mounted;
  private final int pid;

  private Program(Lab lab, Kind kind, Node node, String argument, String place) {
    this.lab = lab;
    this.kind = kind;
    this.argument = argument;
    String name =
        "%02d-%s"
            .formatted(STARTED.incrementAndGet(), kind.name().toLowerCase(java.util.Locale.ROOT));
    directory = lab.shared().resolve(RUN).resolve(name);
    mounted = Node.SHARED + "/" + RUN + "/" + name;
    install(lab);
    recreate(directory);
    if (kind == Kind.BC) {
      write(directory.resolve("pi.bc"), PI);
    }
    String output = (place == null ? mounted : place) + "/out";
    boolean printing = kind == Kind.BC;
    String command =
        kind.command().replace("$P", Node.SHARED + "/" + RUN + "/programs").replace("$O", output)
            + (argument == null ? "" : " 0 " + argument);
    String answer =
        node.ssh(
            freshPids(lab, node)
                + """
                rm -f %1$s/pid
                runuser -u app -- sh -c 'cd %1$s && umask 022 && PROCMIG_E2E=%2$s setsid --fork nice -n 15 \
                  sh -c "echo \\$\\$ > pid.new; mv pid.new pid; exec %3$s" < /dev/null > %4$s 2> err'
                for i in $(seq 100); do [ -s %1$s/pid ] && break; sleep 0.05; done
                cat %1$s/pid
                """
                    .formatted(mounted, name, command, printing ? "out" : "/dev/null"));
    pid = Integer.parseInt(answer);
  }

  private static final String PI =
      """
      for (i = 100; i <= 1800; i += 100) { scale = i; print i, " ", 4 * a(1), "\\n" }
      quit
      """;

  /** Starts a program. */
  public static Program start(Kind kind, Node node) {
    return new Program(Lab.get(), kind, node, null, null);
  }

  /** Starts a program with an argument. */
  public static Program start(Kind kind, Node node, String argument) {
    return new Program(Lab.get(), kind, node, argument, null);
  }

  /** Starts a program whose output lies in a directory of the node itself. */
  public static Program startWithOutputIn(String place, Kind kind, Node node) {
    return new Program(Lab.get(), kind, node, null, place);
  }

  private static synchronized void install(Lab lab) {
    Path programs = lab.shared().resolve(RUN).resolve("programs");
    if (installed) {
      return;
    }
    // An earlier run may have been cut short.
    lab.nodes().forEach(node -> node.tryTo("pkill -KILL -u app"));
    recreate(programs);
    try (Stream<Path> built = Files.list(BUILT)) {
      for (Path program : built.toList()) {
        Files.copy(
            program,
            programs.resolve(program.getFileName()),
            StandardCopyOption.REPLACE_EXISTING,
            StandardCopyOption.COPY_ATTRIBUTES);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("programs are missing: make -C e2e/programs", e);
    }
    installed = true;
  }

  /** A command for a node whose next processes shall have PIDs of their own. */
  static String freshPids(Lab lab, Node node) {
    return """
        last=$(cat /proc/sys/kernel/ns_last_pid)
        [ $last -ge %1$d ] || echo %1$d > /proc/sys/kernel/ns_last_pid
        """
        .formatted(FIRST_PID + (node == lab.nodeA() ? 0 : 100_000));
  }

  static void recreate(Path directory) {
    try {
      if (Files.isDirectory(directory)) {
        try (Stream<Path> old = Files.list(directory)) {
          for (Path file : old.toList()) {
            Files.delete(file);
          }
        }
      }
      Files.createDirectories(directory);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot empty " + directory, e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its PID, on whichever node. */
  public int pid() {
    return pid;
  }

  /** What it has written so far. */
  public List<String> lines() {
    try {
      return Files.exists(output())
          ? Files.readAllLines(output(), StandardCharsets.ISO_8859_1)
          : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The path of its output on the nodes; no other program has it in its command line. */
  public String outputThere() {
    return mounted + "/out";
  }

  private Path output() {
    return directory.resolve("out");
  }

  /** Waits until it has written so many lines. */
  public Program awaitLines(int count) {
    Awaitility.await(this + " writes " + count + " lines")
        .atMost(SOON)
        .pollInterval(POLL)
        .until(() -> lines().size() >= count);
    return this;
  }

  /** Waits until it has written more than it has now: it runs. */
  public Program awaitProgress() {
    return awaitLines(lines().size() + 2);
  }

  /** Whether a node has a process with its PID and name. */
  public boolean isOn(Node node) {
    return !node.comm(pid).isEmpty();
  }

  /** Asserts that it is on one node, on no other one, and does its work there. */
  public void assertRunsOnlyOn(Node node) {
    Awaitility.await(this + " is on " + node + " alone")
        .atMost(SOON)
        .pollInterval(POLL)
        .until(() -> isOn(node) && !isOn(lab.other(node)));
    if (!kind.endsByItself()) {
      awaitProgress();
    }
  }

  /** Ends it on a node and compares what it wrote with an uninterrupted run of the same program. */
  public void endAndCompare(Node node) {
    if (!kind.endsByItself()) {
      node.ssh("kill -TERM " + pid);
    }
    // Each look is a login, and they take the processor from what is to end.
    Awaitility.await(this + " ends")
        .atMost(CONTROL)
        .pollDelay(POLL)
        .pollInterval(kind.endsByItself() ? RARELY : POLL)
        .until(() -> node.comm(pid).isEmpty());
    List<String> said = lines();
    assertTrue(!said.isEmpty(), () -> this + " wrote nothing");
    if (!kind.endsByItself()) {
      assertEquals("PASS", said.get(said.size() - 1), () -> this + " is not content with itself");
    }
    assertEquals(control(said), said, () -> this + " wrote something else than a control run");
  }

  private List<String> control(List<String> said) {
    long counted = said.stream().filter(line -> line.matches("\\d+ .*")).count();
    Path control = directory.resolve("control");
    String command =
        kind.command().replace("$P", BUILT.toString()).replace("$O", control.toString())
            + (kind.endsByItself() ? "" : " " + counted)
            + (argument == null ? "" : " " + argument);
    Command.run(
            CONTROL,
            List.of(
                "sh",
                "-c",
                "cd " + directory + " && " + command + (kind == Kind.BC ? " > control" : "")))
        .successful();
    try {
      return Files.readAllLines(control, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it, wherever it is. */
  @Override
  public void close() {
    for (Node node : lab.nodes()) {
      node.tryTo("[ ! -d /proc/%1$d ] || kill -KILL %1$d".formatted(pid));
    }
  }

  @Override
  public String toString() {
    return kind.file() + "[" + pid + "]";
  }
}
