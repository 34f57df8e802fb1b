// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessFilesTest {
  @TempDir(factory = BesideTemporary.class)
  Path directory;

  @Test
  void thisProcessUsesItsProgramItsLibrariesItsDirectoryAndItsFiles() throws IOException {
    Path open = Files.writeString(directory.resolve("open file"), "content");
    ProcFiles proc = new ProcFiles(Path.of("/proc"));
    int self = (int) ProcessHandle.current().pid();
    try (RandomAccessFile writing = new RandomAccessFile(open.toFile(), "rw")) {
      List<FileFact> facts = new ProcessFiles(proc).of(self, List.of(self), Set.of());
      FileFact mine = fact(facts, open).orElseThrow();
      assertEquals(7, mine.bytes());
      assertEquals(FileFact.Kind.REGULAR, mine.kind());
      assertTrue(mine.writable());
      assertTrue(mine.usedBy().startsWith("fd "), mine.usedBy());
      assertEquals(Files.getLastModifiedTime(open).toInstant().getNano(), mine.modifiedNanos());
      assertEquals(Files.getAttribute(open, "unix:ino"), mine.inode());
      assertTrue(facts.stream().anyMatch(fact -> fact.usedBy().equals("program")));
      assertTrue(facts.stream().anyMatch(fact -> fact.path().contains("libjvm")));
      assertTrue(facts.stream().anyMatch(fact -> fact.usedBy().equals("cwd")));
      assertFalse(facts.stream().anyMatch(fact -> fact.path().startsWith("/proc")));
      int descriptor = Integer.parseInt(mine.usedBy().substring(3));
      assertTrue(new ProcessFiles(proc).descriptors(self).contains(descriptor));
      assertTrue(
          fact(new ProcessFiles(proc).of(self, List.of(self), Set.of(descriptor)), open).isEmpty(),
          "a descriptor that the target replaces needs no file there");
      assertEquals(7, writing.length());
    }
  }

  /** The number is another's each time, and the kernel says so only to whoever reads. */
  @Test
  void whatIsOpenedAndClosedMeanwhileIsNoObstacle() throws Exception {
    Path open = Files.writeString(directory.resolve("short-lived"), "content");
    ProcessFiles files = new ProcessFiles(new ProcFiles(Path.of("/proc")));
    int self = (int) ProcessHandle.current().pid();
    AtomicBoolean goesOn = new AtomicBoolean(true);
    Thread busy =
        new Thread(
            () -> {
              while (goesOn.get()) {
                try {
                  new RandomAccessFile(open.toFile(), "r").close();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
    busy.start();
    try {
      for (int look = 0; look < 200; look++) {
        assertFalse(files.of(self, List.of(self), Set.of()).isEmpty());
      }
    } finally {
      goesOn.set(false);
      busy.join();
    }
  }

  @Test
  void temporaryFilesThatSomebodyWritesAreTheKernels() throws Exception {
    Path temporary = Files.createTempDirectory(Path.of("/tmp"), "files");
    Path read = Files.writeString(temporary.resolve("read"), "x");
    Path written = Files.writeString(temporary.resolve("written"), "y");
    Process process = holder("3<" + read + " 4<" + written + " 5>>" + written);
    try {
      List<FileFact> facts =
          new ProcessFiles(new ProcFiles(Path.of("/proc")))
              .of((int) process.pid(), List.of(), Set.of());
      assertEquals("fd 3", fact(facts, read).orElseThrow().usedBy());
      assertEquals(Optional.empty(), fact(facts, written));
    } finally {
      process.destroyForcibly().waitFor();
      Files.delete(read);
      Files.delete(written);
      Files.delete(temporary);
    }
  }

  @Test
  void whatIsWrittenThroughAMappingLandsInTheFile() throws IOException {
    Path shared = Files.write(directory.resolve("shared"), new byte[4096]);
    Path read = Files.write(directory.resolve("read"), new byte[4096]);
    int self = (int) ProcessHandle.current().pid();
    MappedByteBuffer writing;
    MappedByteBuffer reading;
    try (FileChannel channel =
            FileChannel.open(shared, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel other = FileChannel.open(read, StandardOpenOption.READ)) {
      writing = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
      reading = other.map(FileChannel.MapMode.READ_ONLY, 0, 4096);
    }
    writing.put(0, (byte) 1);
    List<FileFact> facts =
        new ProcessFiles(new ProcFiles(Path.of("/proc"))).of(self, List.of(self), Set.of());
    FileFact mine = fact(facts, shared).orElseThrow();
    assertTrue(mine.writable());
    assertTrue(mine.usedBy().startsWith("mapping "), mine.usedBy());
    assertFalse(fact(facts, read).orElseThrow().writable());
    assertEquals(0, reading.get(0));
  }

  /** A shell that holds descriptors until its input ends. */
  private static Process holder(String redirections) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", "exec " + redirections + "; echo; read x").start();
    assertEquals('\n', process.getInputStream().read());
    return process;
  }

  @Test
  void filesOfAllProcessesAreMergedAndTheStricterUseWins() throws Exception {
    Path both = Files.writeString(directory.resolve("both"), "x");
    Path theirs = Files.writeString(directory.resolve("theirs"), "y");
    int self = (int) ProcessHandle.current().pid();
    Process first = holder("3<" + both + " 4<" + theirs);
    Process second = holder("5>>" + both + " 6<" + theirs);
    try (FileChannel reading = FileChannel.open(both, StandardOpenOption.READ)) {
      ProcessFiles files = new ProcessFiles(new ProcFiles(Path.of("/proc")));
      List<Integer> pids = List.of(self, (int) first.pid(), (int) second.pid());
      List<FileFact> facts = files.of(self, pids, Set.of());
      FileFact mine = fact(facts, both).orElseThrow();
      assertEquals("process " + second.pid() + " fd 5", mine.usedBy());
      assertTrue(mine.writable());
      assertEquals("process " + first.pid() + " fd 4", fact(facts, theirs).orElseThrow().usedBy());
      assertEquals(facts.size(), facts.stream().map(FileFact::path).distinct().count());
      assertTrue(facts.get(0).usedBy().equals("cwd"), "what the named one uses stays its own");

      facts = files.of(self, pids, Set.of(4, 5, 6));
      assertFalse(fact(facts, both).orElseThrow().writable());
      assertTrue(fact(facts, theirs).isEmpty(), "ignored in one means ignored in all");
      assertEquals(0, reading.position());
    } finally {
      first.destroyForcibly();
      second.destroyForcibly();
    }
  }

  @Test
  void aZombieAndWhoeverHasEndedNeedNothing() throws Exception {
    int self = (int) ProcessHandle.current().pid();
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    // The shell becomes a program that never asks how its child ended.
    Process parent = new ProcessBuilder("sh", "-c", "sleep 0.2 & echo $!; exec sleep 600").start();
    ProcFiles proc = new ProcFiles(Path.of("/proc"));
    try {
      int zombie = Integer.parseInt(parent.inputReader().readLine());
      while (!proc.stat(zombie).orElseThrow().isZombie()) {
        Thread.onSpinWait();
      }
      ProcessFiles files = new ProcessFiles(proc);
      List<FileFact> facts = files.of(self, List.of(self, zombie, (int) gone.pid()), Set.of());
      assertTrue(facts.stream().noneMatch(fact -> fact.usedBy().startsWith("process ")));
      for (int named : List.of(zombie, (int) gone.pid())) {
        assertThrows(ProcUnreadableException.class, () -> files.of(named, List.of(self), Set.of()));
      }
    } finally {
      parent.destroyForcibly();
    }
  }

  @Test
  void threadsAreListedByNumber() {
    ProcFiles proc = new ProcFiles(Path.of("/proc"));
    int self = (int) ProcessHandle.current().pid();
    List<Integer> threads = proc.threads(self);
    assertTrue(threads.contains(self) && threads.size() > 2, threads::toString);
    assertEquals(List.of(), proc.threads(Integer.MAX_VALUE));
  }

  private static Optional<FileFact> fact(List<FileFact> facts, Path path) {
    return facts.stream().filter(fact -> fact.path().equals(path.toString())).findFirst();
  }

  @Test
  void theMountOfAPathIsTheDeepestOne() {
    MountTable mounts =
        MountTable.parse(
            """
            22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
            23 22 0:22 / /tmp rw - tmpfs tmpfs rw
            24 22 0:31 / /shared\\040data rw shared:5 - 9p share rw,trans=virtio
            25 22 0:32 / /mnt rw - fuse.sshfs host:/ rw
            """);
    assertEquals("ext4", mounts.of("/usr/bin/bc").type());
    assertEquals("tmpfs", mounts.of("/tmp/x").type());
    assertEquals("ext4", mounts.of("/tmpx").type());
    assertEquals("9p", mounts.of("/shared data/pi").type());
    assertEquals("share", mounts.of("/shared data").source());
    assertTrue(MountTable.isShared("9p"));
    assertTrue(MountTable.isShared("nfs4"));
    assertTrue(MountTable.isShared(mounts.of("/mnt/y").type()));
    assertFalse(MountTable.isShared("ext4"));
    assertFalse(MountTable.isShared("overlay"));
  }
}
