// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.Token;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessStubLauncherTest {
  private static final Token TOKEN = Token.parse("00112233445566778899aabbccddeeff");

  @TempDir Path directory;

  private ProcessStubLauncher launcher(String script) throws IOException {
    Path stub = directory.resolve("stub");
    Files.writeString(stub, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(stub, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new ProcessStubLauncher(
        stub, Path.of("/dev/procmig"), directory.resolve("cgroups"), directory.resolve("stubs"));
  }

  private static StubLauncher.Order order() {
    return new StubLauncher.Order(TOKEN, 4711, -5, 7);
  }

  @Test
  void theStubIsToldWhereToGo() throws IOException {
    launcher("echo \"$@\" > " + directory.resolve("told")).launch(order());
    assertEquals(
        "--token "
            + TOKEN
            + " --pid 4711 --device /dev/procmig --cgroup "
            + directory.resolve("cgroups").resolve(TOKEN.toString())
            + " --namespaces-of 1 --monotonic-offset -5 --boottime-offset 7\n",
        Files.readString(directory.resolve("told")));
    assertTrue(Files.isDirectory(directory.resolve("cgroups").resolve(TOKEN.toString())));
  }

  @Test
  void itsErrorsAreNamedByReason() throws IOException {
    TransferException taken =
        assertThrows(
            TransferException.class,
            () ->
                launcher("echo error=PID_TAKEN errno=17 message=4711 is taken >&2; exit 1")
                    .launch(order()));
    assertEquals(Reason.PidTaken, taken.failure().reason());
    assertEquals(Component.Stub, taken.failure().component());
    assertTrue(
        taken
            .failure()
            .message()
            .contains("process 4711 could not start: 4711 is taken (errno 17)"),
        taken.failure().message());
    TransferException crashed =
        assertThrows(
            TransferException.class, () -> launcher("echo oops >&2; exit 3").launch(order()));
    assertEquals(Reason.RestartFailed, crashed.failure().reason());
    assertTrue(crashed.failure().message().contains("status 3: oops"));
  }

  @Test
  void aStubThatIsNotThereIsSaid() {
    ProcessStubLauncher none =
        new ProcessStubLauncher(
            directory.resolve("absent"),
            Path.of("/dev/procmig"),
            directory.resolve("cgroups"),
            directory.resolve("stubs"));
    TransferException failure = assertThrows(TransferException.class, () -> none.launch(order()));
    assertTrue(failure.failure().message().contains("absent"), failure.failure().message());
  }

  @Test
  void whatTheStubSaysLaterIsKept() throws IOException {
    ProcessStubLauncher launcher = launcher("echo error=ENTER errno=95 message=refused >&2");
    assertEquals("", launcher.complaint(TOKEN));
    launcher.launch(order());
    assertEquals("error=ENTER errno=95 message=refused", launcher.complaint(TOKEN));
  }

  @Test
  void onlyEmptyGroupsOfTokensThatAreOverAreSwept() throws IOException {
    ProcessStubLauncher launcher = launcher("exit 0");
    Token other = Token.parse("ffeeddccbbaa99887766554433221100");
    launcher.launch(order());
    launcher.launch(new StubLauncher.Order(other, 1, 0, 0));
    Path cgroups = directory.resolve("cgroups");
    // A real control group vanishes although it has files; this one only with its file gone.
    launcher.sweep(TOKEN::equals);
    assertTrue(Files.isDirectory(cgroups.resolve(TOKEN.toString())));
    assertFalse(Files.exists(cgroups.resolve("nonsense")));
  }
}
