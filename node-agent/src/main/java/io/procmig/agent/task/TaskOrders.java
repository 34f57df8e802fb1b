// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.kernel.MechanismKind;
import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Subsystem;
import io.procmig.api.v1alpha1.GoDuration;
import io.procmig.api.v1alpha1.Mechanism;
import io.procmig.api.v1alpha1.MigrationMode;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import java.util.ArrayList;
import java.util.List;

/** What a task's spec means to the kernel. */
final class TaskOrders {
  private static final int DEFAULT_QUIESCE_MS = 10_000;
  private static final int STDIO = 3;

  private TaskOrders() {}

  static Strategy strategy(MigrationMode mode) {
    return switch (mode) {
      case StopAndCopy -> Strategy.STOP_AND_COPY;
    };
  }

  /** The scope; a task of an operator that knew none has none. */
  static Selection selection(MigrationScope scope) {
    if (scope == null) {
      return Selection.TREE;
    }
    return switch (scope) {
      case Tree -> Selection.TREE;
      case Session -> Selection.SESSION;
      case ProcessGroup -> Selection.GROUP;
      case Cgroup -> Selection.CGROUP;
    };
  }

  /**
   * The mechanisms, one rule per descriptor.
   *
   * @param openDescriptors of the process, for rules that name none
   */
  static List<MechanismRule> mechanisms(List<Mechanism> wanted, List<Integer> openDescriptors) {
    List<MechanismRule> rules = new ArrayList<>();
    for (Mechanism mechanism : wanted) {
      for (int descriptor : descriptors(mechanism, openDescriptors)) {
        rules.removeIf(rule -> rule.entity() == descriptor);
        rules.add(
            new MechanismRule(
                Subsystem.FILES.code(),
                switch (mechanism.mechanism()) {
                  case Transfer -> MechanismKind.TRANSFER;
                  case Ignore -> MechanismKind.IGNORE;
                  case Forward -> MechanismKind.FORWARD;
                },
                descriptor));
      }
    }
    return rules;
  }

  private static List<Integer> descriptors(Mechanism mechanism, List<Integer> open) {
    if (mechanism.fileDescriptor() != null) {
      return List.of(mechanism.fileDescriptor());
    }
    return switch (mechanism.kind()) {
      case Stdio -> open.stream().filter(descriptor -> descriptor < STDIO).toList();
      case File -> open.stream().filter(descriptor -> descriptor >= STDIO).toList();
    };
  }

  static int quiesceMs(MigrationTaskSpec spec) {
    if (spec.getQuiesceTimeout() == null) {
      return DEFAULT_QUIESCE_MS;
    }
    long wanted = GoDuration.parse(spec.getQuiesceTimeout()).toMillis();
    return (int) Math.max(10, Math.min(600_000, wanted));
  }
}
