// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

/**
 * A file that processes which move together use, as one node sees it.
 *
 * @param path absolute, as the process sees it
 * @param usedBy for people: {@code fd 5}, {@code mapping 7f01c0000000}, {@code cwd}, or of another
 *     process than the named one {@code process 123 fd 5}
 * @param kind what it is
 * @param bytes its size
 * @param modifiedSeconds its modification time, seconds since the epoch
 * @param modifiedNanos and nanoseconds
 * @param inode its number on its file system
 * @param mode file type and permissions, as st_mode
 * @param filesystem type of its file system as mountinfo tells
 * @param shared whether several nodes can see the same file system
 * @param writable whether one of them can write to it
 */
public record FileFact(
    String path,
    String usedBy,
    Kind kind,
    long bytes,
    long modifiedSeconds,
    int modifiedNanos,
    long inode,
    int mode,
    String filesystem,
    boolean shared,
    boolean writable) {
  private static final String TMPFS = "tmpfs";

  /**
   * Whether the processes take it along: it lives in memory, where nobody else could give the
   * target what they have written.
   */
  public boolean travels() {
    return kind == Kind.REGULAR && writable && isInMemory();
  }

  /** The same file, for another use. */
  FileFact usedAs(String use, boolean forWriting) {
    return new FileFact(
        path,
        use,
        kind,
        bytes,
        modifiedSeconds,
        modifiedNanos,
        inode,
        mode,
        filesystem,
        shared,
        forWriting);
  }

  /** Whether it is on a file system that lives in memory. */
  public boolean isInMemory() {
    return filesystem.equals(TMPFS);
  }

  /** What a file is. */
  public enum Kind {
    /** Content that must be the same. */
    REGULAR,
    /** Must exist. */
    DIRECTORY,
    /** Must exist; what it is belongs to the kernel. */
    OTHER
  }
}
