// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.program;

/** The programs of {@code e2e/programs}, and bc. */
public enum Kind {
  /** Arbitrary precision arithmetic; ends by itself. */
  BC("bc", "/usr/bin/bc -l pi.bc", true),
  HASHCHAIN("hashchain.py", "/usr/bin/python3 $P/hashchain.py $O", false),
  PERL("count.pl", "/usr/bin/perl $P/count.pl $O", false),
  RECURSE("recurse", "$P/recurse $O", false),
  AVX("avx", "$P/avx $O", false),
  ALARM("alarm", "$P/alarm $O", false),
  SLEEPER("sleeper", "$P/sleeper $O", false),
  APPEND("append", "$P/append $O", false),
  /** Its counter is in memory and in a file; every iteration compares and writes both. */
  COUNTER("counter", "$P/counter $O", false),
  /** Holds one thing that cannot be carried; its argument says which. */
  REFUSED("refused", "$P/refused $O", false);

  private final String file;
  private final String command;
  private final boolean endsByItself;

  Kind(String file, String command, boolean endsByItself) {
    this.file = file;
    this.command = command;
    this.endsByItself = endsByItself;
  }

  /** Name of the program's file. */
  String file() {
    return file;
  }

  /** Its command line, with $P for the directory of the programs and $O for the output. */
  String command() {
    return command;
  }

  /** Whether it ends without being told to. */
  boolean endsByItself() {
    return endsByItself;
  }
}
