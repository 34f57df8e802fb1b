// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.lab.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * One of {@code e2e/applications}: a tree of processes that an ordinary user has started on a node,
 * without a terminal, in a directory of its own that all nodes and the host share.
 */
public final class Application implements AutoCloseable {
  private static final Path SOURCES = Path.of("applications").toAbsolutePath();
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration SOON = Duration.ofSeconds(60);

  /** Longer than an application itself is willing to wait for its begin. */
  private static final Duration START = Duration.ofSeconds(240);

  private static final Duration END = Duration.ofSeconds(240);
  private static final Duration CONTROL = Duration.ofSeconds(120);
  private static final Duration WORK = Duration.ofSeconds(120);

  /** What it counts besides its work: how often that was counted anew. */
  private static final String LOOKS = "looks";

  /** Takes half of the memory that is free, which on the host is not ours to take. */
  private static final String GREEDY = "stress-mmapfork";

  /** Lines that every run repeats; the others tell how much was done. */
  private static final String SAME = "= ";

  private static final String RUN = Program.RUN + "-applications";
  private static boolean installed;

  private final Lab lab;
  private final String name;
  private final String directory;
  private final String mounted;
  private final int pid;

  private Application(Lab lab, String name, String directory, Node node) {
    this.lab = lab;
    this.name = name;
    this.directory = directory;
    install(lab);
    mounted = Node.FILES + "/" + RUN + "/" + directory;
    Program.recreate(here(lab).resolve(directory));
    node.ssh(
        START,
        Program.freshPids(lab, node)
            + """
            runuser -u app -- sh -c 'cd %1$s && umask 022 &&
              nice -n 15 %2$s --pidfile=pid --outfile=out < /dev/null > started 2>&1' ||
              { cat %1$s/started %1$s/out; exit 1; }
            """
                .formatted(mounted, program()));
    pid = Integer.parseInt(read("pid").get(0));
  }

  /** Starts an application; returns when it works. */
  public static Application start(String name, Node node) {
    return new Application(Lab.get(), name, name, node);
  }

  private static Path here(Lab lab) {
    return lab.files().resolve(RUN);
  }

  private static synchronized void install(Lab lab) {
    if (installed) {
      return;
    }
    // On both nodes: the processes that it makes where it has come to are to go back, too.
    lab.nodes().forEach(node -> node.ssh(Program.freshPids(lab, node)));
    Path applications = here(lab).resolve("applications");
    Program.recreate(applications);
    try (Stream<Path> sources = Files.list(SOURCES).filter(Files::isRegularFile)) {
      for (Path source : sources.toList()) {
        Files.copy(source, applications.resolve(source.getFileName()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("applications are missing", e);
    }
    installed = true;
  }

  private String program() {
    return Node.FILES + "/" + RUN + "/applications/" + name;
  }

  private List<String> read(String file) {
    return read(directory, file);
  }

  private List<String> read(String where, String file) {
    Path path = here(lab).resolve(where).resolve(file);
    try {
      return Files.exists(path) ? Files.readAllLines(path) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The root of its tree. */
  public ProcessIdentity root() {
    return new ProcessIdentity(pid, null);
  }

  /** Asserts that its tree is on one node, does its work there, and is not on the other one. */
  public void assertRunsOnlyOn(Node node) {
    Awaitility.await(this + " is on " + node + " alone")
        .atMost(SOON)
        .pollInterval(POLL)
        .until(
            () ->
                processes(node).contains(String.valueOf(pid))
                    && processes(lab.other(node)).isEmpty());
    // The first look may have begun elsewhere, and the second one tells what was done there.
    awaitMore(awaitMore(Map.of(LOOKS, progress().get(LOOKS) + 1)));
  }

  /** Waits for counts that are all greater. */
  private Map<String, Long> awaitMore(Map<String, Long> than) {
    return Awaitility.await(this + " does more of everything than " + than)
        .atMost(WORK)
        .pollInterval(POLL)
        .until(
            () -> {
              List<String> said = read("out");
              assertFalse(isOver(said), () -> this + " has ended by itself: " + said);
              return progress();
            },
            counts ->
                than.entrySet().stream()
                    .allMatch(e -> counts.getOrDefault(e.getKey(), 0L) > e.getValue()));
  }

  /** How much it has done of what. */
  private Map<String, Long> progress() {
    return read("out.progress").stream()
        .map(line -> line.split(" "))
        .collect(Collectors.toMap(words -> words[0], words -> Long.valueOf(words[1])));
  }

  /** Whoever is in its directory: none of its processes ever leaves that. */
  private List<String> processes(Node node) {
    return node.ssh(
            """
            find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/cwd' \
              '(' -lname '%1$s' -o -lname '%1$s/*' ')' -printf '%%P\\n' 2> /dev/null; true
            """
                .formatted(mounted))
        .lines()
        .map(line -> line.replaceFirst("/cwd$", ""))
        .toList();
  }

  /**
   * Ends it on a node, where it checks itself, and compares what it says with a run of it that was
   * never moved: one in the nodes' Debian, on the host where that can be.
   */
  public void endAndCompare(Node node) {
    List<String> said = end(node);
    assertEquals(control(node), said, () -> this + " says something else than a control run");
  }

  private List<String> control(Node node) {
    String place = directory + "-control";
    if (!name.equals(GREEDY)) {
      return controlOnHost(place);
    }
    try (Application control = new Application(lab, name, place, node)) {
      return control.end(node);
    }
  }

  /** Ends it; the lines that every run repeats. */
  private List<String> end(Node node) {
    node.ssh("kill -TERM " + pid);
    Awaitility.await(this + " ends")
        .atMost(END)
        .pollInterval(POLL)
        .until(() -> isOver(read("out")) || node.comm(pid).isEmpty());
    List<String> said = read("out");
    assertTrue(passed(said), () -> this + " is not content with itself: " + said);
    return repeated(said);
  }

  private List<String> controlOnHost(String place) {
    Program.recreate(here(lab).resolve(place));
    lab.run(
        CONTROL,
        "debian",
        "sh",
        "-c",
        """
        cd %s && umask 022 && %s --pidfile=pid --outfile=out && kill -TERM $(cat pid) &&
          until tail -n 1 out | grep -qE '^(PASS|FAIL)$'; do sleep 0.1; done
        """
            .formatted(Node.FILES + "/" + RUN + "/" + place, program()));
    List<String> said = read(place, "out");
    assertTrue(passed(said), () -> "the control run of " + name + " failed: " + said);
    return repeated(said);
  }

  private static boolean isOver(List<String> said) {
    return passed(said) || !said.isEmpty() && said.get(said.size() - 1).equals("FAIL");
  }

  private static boolean passed(List<String> said) {
    return !said.isEmpty() && said.get(said.size() - 1).equals("PASS");
  }

  private static List<String> repeated(List<String> said) {
    return said.stream().filter(line -> line.startsWith(SAME)).toList();
  }

  /** Ends it, wherever it is. */
  @Override
  public void close() {
    for (Node node : lab.nodes()) {
      List<String> left = processes(node);
      if (!left.isEmpty()) {
        node.tryTo("kill -KILL " + String.join(" ", left));
      }
    }
  }

  @Override
  public String toString() {
    return name + "[" + pid + "]";
  }
}
