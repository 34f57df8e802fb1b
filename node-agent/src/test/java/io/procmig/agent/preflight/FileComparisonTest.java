// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.process.FileFact;
import io.procmig.agent.process.FileFact.Kind;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FileComparisonTest {
  private static FileFact file(
      Kind kind,
      long bytes,
      int nanos,
      long inode,
      String filesystem,
      boolean shared,
      boolean writable) {
    return new FileFact(
        "/data/pi", "fd 3", kind, bytes, 1000, nanos, inode, 0100644, filesystem, shared, writable);
  }

  private static FileFact local(long bytes, int nanos) {
    return file(Kind.REGULAR, bytes, nanos, 7, "ext4", false, false);
  }

  private static Obstacle refused(FileFact source, FileFact target) {
    return FileComparison.compare(source, target, "node-b").orElseThrow();
  }

  @Test
  void equalSizeAndTimeWillDoWhateverTheInode() {
    FileFact other = file(Kind.REGULAR, 5, 1, 99, "ext4", false, false);
    assertEquals(Optional.empty(), FileComparison.compare(local(5, 1), other, "node-b"));
  }

  @Test
  void anythingElseIsNamed() {
    assertEquals(Reason.FileMissing, refused(local(5, 1), null).code());
    Obstacle size = refused(local(5, 1), local(6, 1));
    assertEquals(Reason.FileDiffers, size.code());
    assertEquals("fd 3", size.object());
    assertTrue(
        size.message().startsWith("fd 3: /data/pi has 5 bytes on the source and 6 on node node-b"),
        size.message());
    assertTrue(refused(local(5, 1), local(5, 2)).message().contains("was modified at"));
    assertEquals(
        Reason.FileDiffers,
        refused(local(5, 1), file(Kind.DIRECTORY, 5, 1, 7, "ext4", false, false)).code());
  }

  @Test
  void aFileThatIsWrittenMustBeShared() {
    FileFact written = file(Kind.REGULAR, 5, 1, 7, "ext4", false, true);
    Obstacle obstacle = refused(written, written);
    assertEquals(Reason.FileDiffers, obstacle.code());
    assertTrue(obstacle.message().contains("Put the file on storage"), obstacle.message());
    FileFact shared = file(Kind.REGULAR, 5, 1, 7, "9p", true, true);
    FileFact grown = file(Kind.REGULAR, 500, 2, 7, "9p", true, true);
    assertEquals(Optional.empty(), FileComparison.compare(shared, grown, "node-b"));
    FileFact another = file(Kind.REGULAR, 5, 1, 8, "9p", true, true);
    assertTrue(refused(shared, another).message().contains("inode 7"));
  }

  private static Obstacle displaced(FileFact target, FileFact directory) {
    FileFact travels = file(Kind.REGULAR, 5, 1, 7, "tmpfs", false, true);
    return FileComparison.place(travels, target, directory, "node-b").orElseThrow();
  }

  @Test
  void onlyWhatIsWrittenInMemoryTravels() {
    assertTrue(file(Kind.REGULAR, 5, 1, 7, "tmpfs", false, true).travels());
    assertFalse(file(Kind.REGULAR, 5, 1, 7, "tmpfs", false, false).travels());
    assertFalse(file(Kind.REGULAR, 5, 1, 7, "ext4", false, true).travels());
    assertFalse(file(Kind.DIRECTORY, 5, 1, 7, "tmpfs", false, true).travels());
    FileFact read = file(Kind.REGULAR, 5, 1, 7, "tmpfs", false, false);
    assertEquals(Optional.empty(), FileComparison.compare(read, read, "node-b"));
    assertEquals(
        Reason.FileDiffers,
        refused(read, file(Kind.REGULAR, 6, 1, 7, "tmpfs", false, false)).code());
  }

  @Test
  void whatTravelsNeedsAFreePlaceInMemory() {
    FileFact travels = file(Kind.REGULAR, 5, 1, 7, "tmpfs", false, true);
    FileFact memory = file(Kind.DIRECTORY, 40, 1, 1, "tmpfs", false, true);
    FileFact disk = file(Kind.DIRECTORY, 40, 1, 1, "ext4", false, true);
    assertEquals(Optional.empty(), FileComparison.place(travels, null, memory, "node-b"));
    assertEquals(Reason.FileDiffers, displaced(travels, memory).code());
    assertEquals(
        "fd 3: /data/pi lives in memory and moves with the process, but exists on node node-b too."
            + " Remove it there, or end what uses it.",
        displaced(travels, memory).message());
    assertEquals(Reason.FileMissing, displaced(null, null).code());
    assertTrue(displaced(null, null).message().contains("its directory does not exist on node"));
    assertEquals(Reason.FileMissing, displaced(null, disk).code());
    assertTrue(displaced(null, disk).message().contains("is on ext4 on node node-b"));
    assertTrue(displaced(null, travels).message().contains("is no directory on node node-b"));
  }

  @Test
  void aDirectoryOnlyHasToBeThere() {
    FileFact here = file(Kind.DIRECTORY, 4096, 1, 7, "ext4", false, false);
    FileFact there = file(Kind.DIRECTORY, 120, 9, 8, "overlay", false, false);
    assertEquals(Optional.empty(), FileComparison.compare(here, there, "node-b"));
  }
}
