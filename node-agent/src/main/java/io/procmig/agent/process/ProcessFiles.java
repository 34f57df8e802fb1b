// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The files that processes which move together need to find on their target. */
public final class ProcessFiles {
  private static final int TYPE_MASK = 0170000;
  private static final int TYPE_REGULAR = 0100000;
  private static final int TYPE_DIRECTORY = 0040000;
  private static final int ACCESS_MODE = 3;
  private static final int READ_ATTEMPTS = 100;
  private static final String DELETED = " (deleted)";
  private static final Set<String> PSEUDO = Set.of("proc", "sysfs", "devtmpfs", "devpts");
  private static final String TEMPORARY = "/tmp";

  private static final Pattern SPACES = Pattern.compile(" +");

  private final ProcFiles proc;

  public ProcessFiles(ProcFiles proc) {
    this.proc = proc;
  }

  /**
   * Files, once each: working directory, root, program, mapped files, open regular files and
   * directories. Sockets, pipes, devices, deleted files, and temporary ones that one of the
   * processes can write are the kernel's to judge.
   *
   * <p>Of two uses of one file the one that asks for more is told. Of the others those that have
   * ended need nothing any more.
   *
   * @param pid the named process
   * @param others PIDs of those that move with it; its own may be among them
   * @param ignoredDescriptors descriptors that the target replaces, in each of them
   * @throws ProcUnreadableException the named process has ended, or something cannot be read
   */
  public List<FileFact> of(int pid, Collection<Integer> others, Set<Integer> ignoredDescriptors) {
    Map<String, FileFact> facts = new LinkedHashMap<>();
    Survey survey = new Survey();
    merge(facts, one(pid, "", survey, ignoredDescriptors));
    for (int other : others) {
      if (other != pid && lives(other)) {
        merge(facts, descendant(other, survey, ignoredDescriptors));
      }
    }
    facts.values().removeIf(fact -> fact.writable() && survey.temporary.contains(fact.path()));
    return new ArrayList<>(facts.values());
  }

  private Collection<FileFact> descendant(int pid, Survey survey, Set<Integer> ignoredDescriptors) {
    try {
      return one(pid, "process " + pid + " ", survey, ignoredDescriptors);
    } catch (ProcUnreadableException e) {
      if (lives(pid)) {
        throw e;
      }
      return List.of();
    }
  }

  private boolean lives(int pid) {
    return proc.stat(pid).filter(stat -> !stat.isZombie()).isPresent();
  }

  private static void merge(Map<String, FileFact> facts, Collection<FileFact> more) {
    more.forEach(fact -> facts.merge(fact.path(), fact, ProcessFiles::stricter));
  }

  /** Files of one process, told as used by {@code whose} and the use. */
  private Collection<FileFact> one(
      int pid, String whose, Survey survey, Set<Integer> ignoredDescriptors) {
    Path directory = proc.directory(pid);
    View view = survey.viewOf(pid);
    Map<String, FileFact> facts = new LinkedHashMap<>();
    for (String link : List.of("cwd", "root", "exe")) {
      target(directory.resolve(link))
          .flatMap(
              path -> view.fact(pid, path, whose + (link.equals("exe") ? "program" : link), false))
          .ifPresent(fact -> facts.putIfAbsent(fact.path(), fact));
    }
    for (Mapping mapping : mappings(pid)) {
      view.fact(pid, mapping.path(), whose + "mapping " + mapping.area(), mapping.writable())
          .ifPresent(fact -> facts.merge(fact.path(), fact, ProcessFiles::stricter));
    }
    for (Map.Entry<Integer, Path> descriptor : descriptors(directory).entrySet()) {
      if (ignoredDescriptors.contains(descriptor.getKey())) {
        continue;
      }
      boolean writable = isWritable(directory, descriptor.getKey());
      target(descriptor.getValue())
          .flatMap(path -> view.fact(pid, path, whose + "fd " + descriptor.getKey(), writable))
          .filter(fact -> fact.kind() != FileFact.Kind.OTHER)
          .ifPresent(fact -> facts.merge(fact.path(), fact, ProcessFiles::stricter));
    }
    return facts.values();
  }

  /** Numbers of the open descriptors. */
  public List<Integer> descriptors(int pid) {
    return new ArrayList<>(descriptors(proc.directory(pid)).keySet());
  }

  /**
   * What is at a path on this node.
   *
   * @param root where the process will have its root; usually {@code /proc/1/root}
   * @param path absolute
   * @param usedBy copied into the answer
   * @param mounts of the same root
   */
  public static Optional<FileFact> look(
      Path root, String path, String usedBy, MountTable mounts, boolean writable) {
    Path file = path.equals("/") ? root : root.resolve(path.substring(1));
    Map<String, Object> attributes;
    try {
      attributes =
          Files.readAttributes(file, "unix:size,lastModifiedTime,ino,mode", new LinkOption[0]);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new ProcUnreadableException("cannot look at " + file, e);
    }
    int mode = (Integer) attributes.get("mode");
    FileTime modified = (FileTime) attributes.get("lastModifiedTime");
    FileFact.Kind kind =
        switch (mode & TYPE_MASK) {
          case TYPE_REGULAR -> FileFact.Kind.REGULAR;
          case TYPE_DIRECTORY -> FileFact.Kind.DIRECTORY;
          default -> FileFact.Kind.OTHER;
        };
    String type = mounts.of(path).type();
    return Optional.of(
        new FileFact(
            path,
            usedBy,
            kind,
            (Long) attributes.get("size"),
            modified.toInstant().getEpochSecond(),
            modified.toInstant().getNano(),
            (Long) attributes.get("ino"),
            mode,
            type,
            MountTable.isShared(type),
            writable));
  }

  /** One look at all processes: what they share is read once. */
  private final class Survey {
    private final Map<List<Optional<String>>, View> views = new HashMap<>();

    /** Of the regular files that were met: what is below the node's own {@code /tmp}. */
    private final Set<String> temporary = new HashSet<>();

    View viewOf(int pid) {
      Path directory = proc.directory(pid);
      return views.computeIfAbsent(
          List.of(target(directory.resolve("ns/mnt")), target(directory.resolve("root"))),
          ignored -> new View(MountTable.parse(proc.global(pid + "/mountinfo")), temporary));
    }
  }

  /** The files that processes with one root in one mount namespace see. */
  private final class View {
    private final MountTable mounts;
    private final Set<String> temporary;
    private final Map<String, FileFact> seen = new HashMap<>();

    View(MountTable mounts, Set<String> temporary) {
      this.mounts = mounts;
      this.temporary = temporary;
    }

    /** The process through whose root is looked; a file that it does not see is none. */
    Optional<FileFact> fact(int pid, String path, String usedBy, boolean writable) {
      FileFact known = seen.get(path);
      if (known == null) {
        known = look(pid, path).orElse(null);
      }
      if (known == null) {
        return Optional.empty();
      }
      seen.put(path, known);
      if (known.kind() == FileFact.Kind.REGULAR && isTemporary(known)) {
        temporary.add(path);
      }
      return Optional.of(known.usedAs(usedBy, writable));
    }

    /** As the kernel has it: files_is_temporary(). */
    private boolean isTemporary(FileFact file) {
      return file.path().startsWith(TEMPORARY + "/")
          && !file.shared()
          && mounts.of(file.path()).equals(mounts.of(TEMPORARY));
    }

    private Optional<FileFact> look(int pid, String path) {
      if (!path.startsWith("/")
          || path.endsWith(DELETED)
          || PSEUDO.contains(mounts.of(path).type())) {
        return Optional.empty();
      }
      return ProcessFiles.look(proc.directory(pid).resolve("root"), path, "", mounts, false);
    }
  }

  /** A part of a file that is mapped; what is written to it lands in the file if it is shared. */
  private record Mapping(String path, String area, boolean writable) {}

  private List<Mapping> mappings(int pid) {
    return proc.global(pid + "/maps")
        .lines()
        .map(line -> SPACES.split(line, 6))
        .filter(field -> field.length == 6 && field[5].startsWith("/") && !field[4].equals("0"))
        .map(
            field ->
                new Mapping(
                    field[5].replace("\\012", "\n"),
                    field[0],
                    field[1].startsWith("w", 1) && field[1].endsWith("s")))
        .toList();
  }

  /** Of two uses of one file the one that asks for more. */
  private static FileFact stricter(FileFact before, FileFact now) {
    return now.writable() && !before.writable() ? now : before;
  }

  private static Map<Integer, Path> descriptors(Path directory) {
    Map<Integer, Path> descriptors = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory.resolve("fd"))) {
      for (Path entry : entries) {
        descriptors.put(Integer.valueOf(entry.getFileName().toString()), entry);
      }
    } catch (IOException e) {
      throw new ProcUnreadableException("cannot list " + directory.resolve("fd"), e);
    } catch (DirectoryIteratorException e) {
      throw new ProcUnreadableException("cannot list " + directory.resolve("fd"), e.getCause());
    }
    return descriptors;
  }

  /**
   * False if it has been closed. When that happens between opening and reading what procfs tells of
   * it, the reading fails, and the number may be another file's by then.
   */
  private static boolean isWritable(Path directory, int descriptor) {
    Path info = directory.resolve("fdinfo").resolve(Integer.toString(descriptor));
    for (int attempt = 1; ; attempt++) {
      try {
        return ProcFiles.content(info)
            .lines()
            .filter(line -> line.startsWith("flags:"))
            .map(line -> Long.parseLong(line.substring("flags:".length()).strip(), 8))
            .anyMatch(flags -> (flags & ACCESS_MODE) != 0);
      } catch (NoSuchFileException e) {
        return false;
      } catch (IOException e) {
        if (attempt == READ_ATTEMPTS) {
          throw new ProcUnreadableException("cannot read " + info, e);
        }
      }
    }
  }

  private static Optional<String> target(Path link) {
    try {
      return Optional.of(Files.readSymbolicLink(link).toString());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new ProcUnreadableException("cannot follow " + link, e);
    }
  }
}
