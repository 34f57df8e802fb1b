// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** {@code /proc/PID/mountinfo}: which file system a path is on. */
public final class MountTable {
  /**
   * A mount.
   *
   * @param point where
   * @param type of the file system
   * @param source what is mounted
   */
  public record Mount(String point, String type, String source) {}

  private static final Set<String> SHARED =
      Set.of(
          "9p",
          "nfs",
          "nfs4",
          "ceph",
          "cifs",
          "smb3",
          "glusterfs",
          "lustre",
          "gfs2",
          "ocfs2",
          "virtiofs");

  private final List<Mount> mounts;

  private MountTable(List<Mount> mounts) {
    this.mounts = mounts;
  }

  /** Reads the text of mountinfo. */
  public static MountTable parse(String text) {
    List<Mount> mounts = new ArrayList<>();
    text.lines()
        .forEach(
            line -> {
              int separator = line.indexOf(" - ");
              String[] left = line.split(" ");
              if (separator > 0 && left.length > 4) {
                String[] right = line.substring(separator + 3).split(" ");
                mounts.add(
                    new Mount(
                        unescape(left[4]), right[0], right.length > 1 ? unescape(right[1]) : ""));
              }
            });
    // A later mount covers an earlier one at the same place.
    mounts.sort(Comparator.comparingInt((Mount mount) -> mount.point().length()));
    return new MountTable(mounts);
  }

  /** The mount that a path is on. */
  public Mount of(String path) {
    Mount best = new Mount("/", "unknown", "");
    for (Mount mount : mounts) {
      String point = mount.point();
      boolean below =
          path.startsWith(point)
              && (point.endsWith("/")
                  || path.length() == point.length()
                  || path.charAt(point.length()) == '/');
      if (below) {
        best = mount;
      }
    }
    return best;
  }

  /** Whether several nodes can have the same file system of this type mounted at once. */
  public static boolean isShared(String type) {
    return SHARED.contains(type) || type.startsWith("fuse");
  }

  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 3 < text.length()) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
