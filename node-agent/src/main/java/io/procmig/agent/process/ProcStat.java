// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

/**
 * What {@code /proc/PID/stat} tells of a process.
 *
 * @param pid its number
 * @param comm its name
 * @param state one letter: R, S, D, Z, T ...
 * @param startTimeTicks field 22: clock ticks since boot
 */
public record ProcStat(int pid, String comm, char state, long startTimeTicks) {
  private static final int FIELD_STATE = 0;
  private static final int FIELD_START_TIME = 19;

  /**
   * Reads one line. The name may hold spaces and parentheses; it ends at the last one.
   *
   * @throws IllegalArgumentException if it is not such a line
   */
  public static ProcStat parse(String line) {
    int open = line.indexOf('(');
    int close = line.lastIndexOf(')');
    if (open < 1 || close < open) {
      throw new IllegalArgumentException("not a line of /proc/PID/stat: " + line);
    }
    String[] field = line.substring(close + 2).strip().split(" ");
    if (field.length <= FIELD_START_TIME) {
      throw new IllegalArgumentException("a line of /proc/PID/stat with too few fields: " + line);
    }
    return new ProcStat(
        Integer.parseInt(line.substring(0, open).strip()),
        line.substring(open + 1, close),
        field[FIELD_STATE].charAt(0),
        Long.parseLong(field[FIELD_START_TIME]));
  }

  /** Whether it has ended and only waits for its parent. */
  public boolean isZombie() {
    return state == 'Z' || state == 'X';
  }
}
