// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A node of the lab.
 *
 * @param name its name
 * @param address its address
 * @param sshWords the command that logs in as root
 */
public record Node(String name, String address, List<String> sshWords) {
  /** The directory that all nodes and the host share. */
  public static final String SHARED = "/srv/shared";

  /** As that, for files of every kind. */
  public static final String FILES = "/srv/files";

  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** Runs a shell command as root; what it printed. */
  public String ssh(String command) {
    return ssh(LIMIT, command);
  }

  /** Runs a shell command as root, not longer than so long; what it printed. */
  public String ssh(Duration limit, String command) {
    return run(limit, command).successful();
  }

  /** Runs a shell command as root; how it ended. */
  public Command tryTo(String command) {
    return run(LIMIT, command);
  }

  private Command run(Duration limit, String command) {
    List<String> words = new ArrayList<>(sshWords);
    words.add(command);
    return Command.run(limit, words);
  }

  /** The command name of a process, or nothing if there is no such process, or a zombie. */
  public String comm(int pid) {
    return ssh(
        "grep -qs '^State:[[:space:]]Z' /proc/%1$d/status || cat /proc/%1$d/comm 2>/dev/null; true"
            .formatted(pid));
  }

  /** Field 22 of /proc/PID/stat. */
  public long startTime(int pid) {
    return Long.parseLong(ssh("sed 's/.*) //' /proc/%d/stat | cut -d' ' -f20".formatted(pid)));
  }

  /** A link that is slow until it is closed. */
  public interface Slowed extends AutoCloseable {
    @Override
    void close();
  }

  /** Slows what goes to another node down, so that a migration lasts long enough to disturb it. */
  public Slowed slowDown(Node peer, String rate) {
    speedUp();
    ssh(
        """
        tc qdisc add dev eth0 root handle 1: prio bands 4 &&
        tc qdisc add dev eth0 parent 1:4 handle 40: tbf rate %s burst 32kb latency 300ms &&
        tc filter add dev eth0 parent 1: protocol ip u32 match ip dst %s flowid 1:4
        """
            .formatted(rate, peer.address()));
    return this::speedUp;
  }

  /** Full speed again. */
  public void speedUp() {
    tryTo("tc qdisc del dev eth0 root");
  }

  @Override
  public String toString() {
    return name;
  }
}
