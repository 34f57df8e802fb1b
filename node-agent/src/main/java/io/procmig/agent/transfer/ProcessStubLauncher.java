// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Token;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the stub's launcher. The stub lands in a control group of the host's, outside the agent's
 * pod, so that the end of the pod does not take the process with it.
 */
public final class ProcessStubLauncher implements StubLauncher {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessStubLauncher.class);
  private static final Duration LAUNCH = Duration.ofSeconds(30);
  private static final Pattern ERROR = Pattern.compile("error=(\\S+) errno=(\\d+) message=(.*)");

  private static final Pattern TOKEN = Pattern.compile("[0-9a-f]{32}");

  private final Path stub;
  private final Path device;
  private final Path cgroups;
  private final Path complaints;

  /**
   * A launcher.
   *
   * @param stub the program
   * @param device the modules' device
   * @param cgroups directory under which each migrated process gets a control group
   * @param complaints directory for what stubs say
   */
  public ProcessStubLauncher(Path stub, Path device, Path cgroups, Path complaints) {
    this.stub = stub;
    this.device = device;
    this.cgroups = cgroups;
    this.complaints = complaints;
  }

  @Override
  public void launch(Order order) {
    try {
      Path cgroup = cgroups.resolve(order.token().toString());
      Files.createDirectories(cgroup);
      Files.createDirectories(complaints);
      File errors = complaintFile(order.token()).toFile();
      // Once the launcher has left, nobody reads a pipe; the stub may still have to complain.
      Process launcher =
          new ProcessBuilder(
                  List.of(
                      stub.toString(),
                      "--token",
                      order.token().toString(),
                      "--pid",
                      Integer.toString(order.pid()),
                      "--device",
                      device.toString(),
                      "--cgroup",
                      cgroup.toString(),
                      "--namespaces-of",
                      "1",
                      "--monotonic-offset",
                      Long.toString(order.monotonicOffsetNs()),
                      "--boottime-offset",
                      Long.toString(order.boottimeOffsetNs())))
              .redirectInput(new File("/dev/null"))
              .redirectOutput(new File("/dev/null"))
              .redirectError(errors)
              .start();
      if (!launcher.waitFor(LAUNCH.toSeconds(), TimeUnit.SECONDS)) {
        launcher.destroyForcibly();
        throw failure(
            order, Reason.RestartFailed, "it did not answer in " + LAUNCH.toSeconds() + " s");
      }
      if (launcher.exitValue() != 0) {
        throw refused(order, launcher.exitValue());
      }
    } catch (IOException e) {
      TransferException failure = failure(order, Reason.RestartFailed, e.getMessage());
      failure.addSuppressed(e);
      throw failure;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(order, Reason.AgentRestarted, "the agent is stopping");
    }
  }

  @Override
  public String complaint(Token token) {
    Path file = complaintFile(token);
    try {
      return Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8).strip() : "";
    } catch (IOException e) {
      LOG.warn("token {}: cannot read what its stub said: {}", token, e.toString());
      return "";
    }
  }

  /**
   * Removes control groups of processes that have ended, and what their stubs said.
   *
   * @param inUse whether a token is still worked on: its control group may be empty yet
   */
  public void sweep(Predicate<Token> inUse) {
    if (!Files.isDirectory(cgroups)) {
      return;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(cgroups, Files::isDirectory)) {
      for (Path group : groups) {
        String name = group.getFileName().toString();
        if (TOKEN.matcher(name).matches() && !inUse.test(Token.parse(name))) {
          removeIfEmpty(group);
        }
      }
    } catch (IOException e) {
      LOG.warn("cannot sweep {}: {}", cgroups, e.toString());
    }
  }

  private void removeIfEmpty(Path group) throws IOException {
    try {
      if (Files.readString(group.resolve("cgroup.procs")).isBlank()) {
        Files.delete(group);
        Files.deleteIfExists(complaints.resolve(group.getFileName() + ".err"));
      }
    } catch (DirectoryNotEmptyException e) {
      LOG.debug("{} has groups of its own", group);
    } catch (IOException e) {
      // EBUSY: a process came back between the two looks.
      LOG.debug("{}: {}", group, e.toString());
    }
  }

  private Path complaintFile(Token token) {
    return complaints.resolve(token + ".err");
  }

  private TransferException refused(Order order, int status) {
    String said = complaint(order.token());
    Matcher matcher = ERROR.matcher(said);
    if (!matcher.find()) {
      return failure(order, Reason.RestartFailed, "it ended with status " + status + ": " + said);
    }
    Reason reason =
        switch (matcher.group(1)) {
          case "PID_TAKEN" -> Reason.PidTaken;
          case "DEVICE" -> Reason.TargetNotCapable;
          case "NAMESPACE", "CGROUP", "CLONE", "USAGE", "ENTER" -> Reason.RestartFailed;
          default -> Reason.RestartFailed;
        };
    return failure(order, reason, matcher.group(3) + " (errno " + matcher.group(2) + ")");
  }

  private static TransferException failure(Order order, Reason reason, String why) {
    return new TransferException(
        new Cause(
            reason,
            Component.Stub,
            "Start",
            "the stub for process "
                + order.pid()
                + " could not start: "
                + why
                + ". "
                + reason.nextStep()),
        null);
  }
}
