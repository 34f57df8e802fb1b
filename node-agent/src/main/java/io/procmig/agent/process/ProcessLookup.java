// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.process;

import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/** Finds the one process that a task means. */
public final class ProcessLookup {
  private static final int MOST_NAMED = 10;

  private final ProcFiles proc;
  private final String node;

  /** A lookup on the node with this name. */
  public ProcessLookup(ProcFiles proc, String node) {
    this.proc = proc;
    this.node = node;
  }

  /**
   * The process with a number, if it is still the same one.
   *
   * @throws ProcessLookupException ProcessNotFound, ProcessIdentityChanged
   */
  public FoundProcess byIdentity(ProcessIdentity identity) {
    int pid = identity.pid();
    FoundProcess found =
        proc.process(pid)
            .orElseThrow(
                () ->
                    new ProcessLookupException(
                        Reason.ProcessNotFound, "node " + node + " has no process " + pid));
    if (identity.startTimeTicks() != null && identity.startTimeTicks() != found.startTimeTicks()) {
      throw new ProcessLookupException(
          Reason.ProcessIdentityChanged,
          "process "
              + pid
              + " on node "
              + node
              + " started at tick "
              + found.startTimeTicks()
              + " and not at tick "
              + identity.startTimeTicks()
              + ": the PID was reused");
    }
    if (found.commandLine().isEmpty()) {
      throw new ProcessLookupException(
          Reason.ProcessNotFound, "process " + pid + " on node " + node + " is a kernel thread");
    }
    return found;
  }

  /**
   * The only process that a selector matches. The agent itself is never matched.
   *
   * @throws ProcessLookupException ProcessNotFound, ProcessAmbiguous, InvalidRequest
   */
  public FoundProcess bySelector(ProcessSelector selector) {
    Pattern pattern = compile(selector.commandLineRegex());
    List<FoundProcess> matches = new ArrayList<>();
    for (int pid : proc.pids()) {
      if (pid == ProcessHandle.current().pid()) {
        continue;
      }
      if (mayMatch(selector, pid)) {
        proc.process(pid)
            .filter(process -> !process.commandLine().isEmpty())
            .filter(process -> matches(selector, pattern, process))
            .ifPresent(matches::add);
      }
    }
    if (matches.isEmpty()) {
      throw new ProcessLookupException(
          Reason.ProcessNotFound,
          "no process on node " + node + " matches the selector " + describe(selector));
    }
    if (matches.size() > 1) {
      throw new ProcessLookupException(
          Reason.ProcessAmbiguous,
          matches.size()
              + " processes on node "
              + node
              + " match the selector "
              + describe(selector)
              + ": "
              + matches.stream()
                  .limit(MOST_NAMED)
                  .map(process -> process.comm() + "[" + process.pid() + "]")
                  .collect(Collectors.joining(", "))
              + (matches.size() > MOST_NAMED ? " ..." : ""));
    }
    return matches.get(0);
  }

  /** Spares most processes the longer look. */
  private boolean mayMatch(ProcessSelector selector, int pid) {
    return selector.comm() == null
        || proc.stat(pid).filter(stat -> stat.comm().equals(selector.comm())).isPresent();
  }

  private static boolean matches(ProcessSelector selector, Pattern pattern, FoundProcess process) {
    return (selector.comm() == null || selector.comm().equals(process.comm()))
        && (pattern == null || pattern.matcher(process.commandLine()).find())
        && (selector.uid() == null || Objects.equals(selector.uid(), process.uid()));
  }

  private static Pattern compile(String regex) {
    if (regex == null) {
      return null;
    }
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new ProcessLookupException(
          Reason.InvalidRequest,
          "commandLineRegex is no regular expression: " + e.getDescription() + " in " + regex);
    }
  }

  private static String describe(ProcessSelector selector) {
    List<String> parts = new ArrayList<>();
    if (selector.comm() != null) {
      parts.add("comm " + selector.comm());
    }
    if (selector.commandLineRegex() != null) {
      parts.add("commandLineRegex " + selector.commandLineRegex());
    }
    if (selector.uid() != null) {
      parts.add("uid " + selector.uid());
    }
    return String.join(", ", parts);
  }
}
