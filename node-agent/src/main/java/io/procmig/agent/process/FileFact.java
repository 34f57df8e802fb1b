// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

/**
 * A file that a process uses, as one node sees it.
 *
 * @param path absolute, as the process sees it
 * @param usedBy for people: {@code fd 5}, {@code mapping 7f01c0000000}, {@code cwd}
 * @param kind what it is
 * @param bytes its size
 * @param modifiedSeconds its modification time, seconds since the epoch
 * @param modifiedNanos and nanoseconds
 * @param inode its number on its file system
 * @param mode file type and permissions, as st_mode
 * @param filesystem type of its file system as mountinfo tells
 * @param shared whether several nodes can see the same file system
 * @param writable whether the process has it open for writing
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
