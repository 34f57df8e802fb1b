// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessLookupTest {
  @TempDir Path proc;

  private ProcessLookup lookup;

  @BeforeEach
  void processes() throws IOException {
    process(1, "systemd", "/sbin/init", 'S', 10, 0);
    process(2, "kthreadd", "", 'S', 10, 0);
    process(300, "bc", "bc\0-l\0pi.bc", 'R', 5000, 1000);
    process(301, "bc", "bc\0-l\0e.bc", 'S', 6000, 1001);
    process(302, "bc", "bc\0-l", 'Z', 6000, 1001);
    process(400, "my (odd) name", "odd", 'S', 7000, 0);
    Files.createDirectories(proc.resolve("self"));
    lookup = new ProcessLookup(new ProcFiles(proc), "node-a");
  }

  private void process(int pid, String comm, String arguments, char state, long start, int uid)
      throws IOException {
    Path directory = Files.createDirectories(proc.resolve(Integer.toString(pid)));
    Files.writeString(
        directory.resolve("stat"),
        pid
            + " ("
            + comm
            + ") "
            + state
            + " 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 "
            + start
            + " 100 200 18446744073709551615\n");
    Files.writeString(directory.resolve("cmdline"), arguments.isEmpty() ? "" : arguments + "\0");
    Files.writeString(
        directory.resolve("status"), "Name:\t" + comm + "\nUid:\t" + uid + "\t0\t0\t0\n");
  }

  private static Reason reason(Runnable lookup) {
    return assertThrows(ProcessLookupException.class, lookup::run).reason();
  }

  @Test
  void byNumberAndStartTime() {
    assertEquals(
        new FoundProcess(300, 5000, "bc", "bc -l pi.bc", 1000),
        lookup.byIdentity(new ProcessIdentity(300, 5000L)));
    assertEquals("my (odd) name", lookup.byIdentity(new ProcessIdentity(400, null)).comm());
  }

  @Test
  void aReusedNumberIsAnotherProcess() {
    ProcessLookupException failure =
        assertThrows(
            ProcessLookupException.class, () -> lookup.byIdentity(new ProcessIdentity(300, 4999L)));
    assertEquals(Reason.ProcessIdentityChanged, failure.reason());
    assertTrue(
        failure.getMessage().contains("tick 5000 and not at tick 4999"), failure.getMessage());
  }

  @Test
  void whatIsNoProcessIsNotFound() {
    assertEquals(
        Reason.ProcessNotFound, reason(() -> lookup.byIdentity(new ProcessIdentity(999, null))));
    assertEquals(
        Reason.ProcessNotFound, reason(() -> lookup.byIdentity(new ProcessIdentity(2, null))));
    assertEquals(
        Reason.ProcessNotFound, reason(() -> lookup.byIdentity(new ProcessIdentity(302, null))));
  }

  @Test
  void aSelectorMatchesByAllThatItNames() {
    assertEquals(301, lookup.bySelector(new ProcessSelector("bc", null, 1001L)).pid());
    assertEquals(300, lookup.bySelector(new ProcessSelector(null, "pi\\.bc$", null)).pid());
    assertEquals(301, lookup.bySelector(new ProcessSelector("bc", "^bc -l e", 1001L)).pid());
  }

  @Test
  void aSelectorMustMatchExactlyOne() {
    ProcessLookupException failure =
        assertThrows(
            ProcessLookupException.class,
            () -> lookup.bySelector(new ProcessSelector("bc", null, null)));
    assertEquals(Reason.ProcessAmbiguous, failure.reason());
    assertTrue(failure.getMessage().contains("bc[300], bc[301]"), failure.getMessage());
    assertEquals(
        Reason.ProcessNotFound,
        reason(() -> lookup.bySelector(new ProcessSelector("vi", null, null))));
    assertEquals(
        Reason.InvalidRequest,
        reason(() -> lookup.bySelector(new ProcessSelector(null, "(", null))));
  }

  @Test
  void theRunningKernelIsReadAlike() {
    ProcFiles real = new ProcFiles(Path.of("/proc"));
    int self = (int) ProcessHandle.current().pid();
    FoundProcess found = real.process(self).orElseThrow();
    assertTrue(found.commandLine().contains("java"), found.commandLine());
    assertTrue(found.startTimeTicks() > 0);
    assertTrue(real.pids().contains(self));
    // Numbers below /proc/sys are given to the first read only.
    assertTrue(Integer.parseInt(real.global("sys/kernel/pid_max").strip()) > self);
  }
}
