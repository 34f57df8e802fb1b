// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.process.FileFact;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.util.Optional;

/**
 * Whether a file on the target will do for the one on the source. On a file system that both nodes
 * share the same inode is the same file, which may even be changing; otherwise size and
 * modification time must be equal, and a file that is open for writing cannot be carried, unless it
 * lives in memory: then it travels, and needs a free place.
 */
final class FileComparison {
  private static final String SUBSYSTEM = "files";

  private FileComparison() {}

  /**
   * Compares.
   *
   * @param source as the process uses it
   * @param target what is at that path; null: nothing
   * @param node name of the target
   */
  static Optional<Obstacle> compare(FileFact source, FileFact target, String node) {
    if (target == null) {
      return obstacle(
          Reason.FileMissing, source, source.path() + " does not exist on node " + node);
    }
    if (source.kind() != target.kind()) {
      return obstacle(
          Reason.FileDiffers,
          source,
          source.path()
              + " is "
              + source.kind()
              + " on the source and "
              + target.kind()
              + " on node "
              + node);
    }
    if (source.kind() != FileFact.Kind.REGULAR) {
      return Optional.empty();
    }
    if (source.shared() && target.shared()) {
      return source.inode() == target.inode()
          ? Optional.empty()
          : obstacle(
              Reason.FileDiffers,
              source,
              source.path()
                  + " is another file on node "
                  + node
                  + ": inode "
                  + source.inode()
                  + " on the source's "
                  + source.filesystem()
                  + ", "
                  + target.inode()
                  + " on the target's "
                  + target.filesystem());
    }
    if (source.writable()) {
      return obstacle(
          Reason.FileDiffers,
          source,
          source.path()
              + " is open for writing on "
              + source.filesystem()
              + ", which node "
              + node
              + " does not share: what is written there stays behind. Put the file on storage that"
              + " both nodes mount at the same path (NFS, CephFS, 9p)");
    }
    if (source.bytes() != target.bytes()) {
      return obstacle(
          Reason.FileDiffers,
          source,
          source.path()
              + " has "
              + source.bytes()
              + " bytes on the source and "
              + target.bytes()
              + " on node "
              + node);
    }
    if (source.modifiedSeconds() != target.modifiedSeconds()
        || source.modifiedNanos() != target.modifiedNanos()) {
      return obstacle(
          Reason.FileDiffers,
          source,
          source.path()
              + " was modified at "
              + time(source)
              + " on the source and at "
              + time(target)
              + " on node "
              + node);
    }
    return Optional.empty();
  }

  /**
   * Whether a file that travels finds its place on the target: a directory in memory that has
   * nothing of its name.
   *
   * @param source as the processes use it
   * @param target what is at that path; null: nothing
   * @param directory what is at its parent's; null: nothing
   * @param node name of the target
   */
  static Optional<Obstacle> place(
      FileFact source, FileFact target, FileFact directory, String node) {
    if (target != null) {
      return obstacle(
          Reason.FileDiffers,
          source,
          source.path()
              + " lives in memory and moves with the process, but exists on node "
              + node
              + " too",
          "Remove it there, or end what uses it.");
    }
    if (directory == null) {
      return obstacle(
          Reason.FileMissing,
          source,
          source.path()
              + " lives in memory and moves with the process, but its directory does not exist on"
              + " node "
              + node,
          "Make the directory there, on a tmpfs.");
    }
    if (directory.kind() != FileFact.Kind.DIRECTORY || !directory.isInMemory()) {
      return obstacle(
          Reason.FileMissing,
          source,
          source.path()
              + " lives in memory and moves with the process, but "
              + directory.path()
              + " is "
              + (directory.kind() == FileFact.Kind.DIRECTORY
                  ? "on " + directory.filesystem()
                  : "no directory")
              + " on node "
              + node,
          "Mount a tmpfs there.");
    }
    return Optional.empty();
  }

  private static String time(FileFact file) {
    return java.time.Instant.ofEpochSecond(file.modifiedSeconds(), file.modifiedNanos()).toString();
  }

  private static Optional<Obstacle> obstacle(Reason reason, FileFact file, String text) {
    return obstacle(reason, file, text, reason.nextStep());
  }

  private static Optional<Obstacle> obstacle(
      Reason reason, FileFact file, String text, String nextStep) {
    return Optional.of(
        new Obstacle(
            reason, SUBSYSTEM, file.usedBy(), file.usedBy() + ": " + text + ". " + nextStep));
  }
}
