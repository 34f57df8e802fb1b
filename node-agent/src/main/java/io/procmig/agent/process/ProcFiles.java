// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads /proc. A process may end at any time; then there is nothing instead of an error. */
public final class ProcFiles {
  private final Path proc;

  /**
   * A reader.
   *
   * @param proc usually {@code /proc}, with the node's PID namespace
   */
  public ProcFiles(Path proc) {
    this.proc = proc;
  }

  /** All processes, by number. */
  public List<Integer> pids() {
    try {
      return numbers(proc);
    } catch (IOException e) {
      throw new ProcUnreadableException("cannot list " + proc, e);
    }
  }

  /** Numbers of a process's threads, its own among them; none if it has ended. */
  public List<Integer> threads(int pid) {
    Path directory = directory(pid).resolve("task");
    try {
      return numbers(directory);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      if (!exists(pid)) {
        return List.of();
      }
      throw new ProcUnreadableException("cannot list " + directory, e);
    }
  }

  /** The process or thread with a number exists. */
  public boolean exists(int pid) {
    return Files.isDirectory(directory(pid));
  }

  /** Its stat. */
  public Optional<ProcStat> stat(int pid) {
    return read(pid, "stat").map(ProcStat::parse);
  }

  /** Its arguments joined by single spaces; empty for kernel threads and zombies. */
  public Optional<String> commandLine(int pid) {
    return read(pid, "cmdline").map(text -> text.replace('\0', ' ').strip());
  }

  /** Its real user ID. */
  public Optional<Long> uid(int pid) {
    return read(pid, "status")
        .flatMap(
            text ->
                text.lines()
                    .filter(line -> line.startsWith("Uid:"))
                    .map(line -> Long.valueOf(line.split("\\s+")[1]))
                    .findFirst());
  }

  /** The process as a whole; nothing if it has ended meanwhile or is a zombie. */
  public Optional<FoundProcess> process(int pid) {
    Optional<ProcStat> stat = stat(pid);
    if (stat.isEmpty() || stat.get().isZombie()) {
      return Optional.empty();
    }
    Optional<String> commandLine = commandLine(pid);
    Optional<Long> uid = uid(pid);
    if (commandLine.isEmpty() || uid.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new FoundProcess(
            pid, stat.get().startTimeTicks(), stat.get().comm(), commandLine.get(), uid.get()));
  }

  /** Directory of a process. */
  public Path directory(int pid) {
    return proc.resolve(Integer.toString(pid));
  }

  /** A file below /proc itself, for example {@code sys/kernel/pid_max}. */
  public String global(String name) {
    try {
      return content(proc.resolve(name));
    } catch (IOException e) {
      throw new ProcUnreadableException("cannot read " + proc.resolve(name), e);
    }
  }

  private Optional<String> read(int pid, String name) {
    Path file = directory(pid).resolve(name);
    try {
      return Optional.of(content(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // ESRCH: it ended between opening and reading.
      if (!exists(pid) || e.getMessage() != null && e.getMessage().contains("No such process")) {
        return Optional.empty();
      }
      throw new ProcUnreadableException("cannot read " + file, e);
    }
  }

  /**
   * Reads a file of the kernel's. Its size is told as 0, and one of {@code /proc/sys} gives a
   * number to the first read only: a read of one byte, as {@link Files#readString} begins, gets one
   * digit.
   */
  public static String content(Path file) throws IOException {
    try (FileInputStream stream = new FileInputStream(file.toFile())) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (FileNotFoundException e) {
      if (Files.notExists(file)) {
        throw new NoSuchFileException(file.toString());
      }
      throw e;
    }
  }

  /** Entries of a directory that are numbers, by number. */
  private static List<Integer> numbers(Path directory) throws IOException {
    List<Integer> numbers = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(directory, path -> isNumber(path.getFileName().toString()))) {
      for (Path entry : entries) {
        numbers.add(Integer.valueOf(entry.getFileName().toString()));
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    numbers.sort(null);
    return numbers;
  }

  static boolean isNumber(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
