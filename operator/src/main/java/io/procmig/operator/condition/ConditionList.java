// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.condition;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.procmig.api.v1alpha1.Reason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * The conditions of a status that is being built. A condition that keeps its status keeps the time
 * of its last transition.
 */
public final class ConditionList {
  private final List<Condition> previous;
  private final List<Condition> conditions = new ArrayList<>();
  private final Long generation;
  private final String now;

  /**
   * Starts a list.
   *
   * @param previous the conditions as they were reported last
   * @param generation generation of the object that is judged
   */
  public ConditionList(List<Condition> previous, Long generation, Instant now) {
    this.previous = previous;
    this.generation = generation;
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Adds a condition that is true or false. */
  public ConditionList add(String type, boolean status, Reason reason, String message) {
    return add(type, status ? "True" : "False", reason, message);
  }

  /** Adds a condition of which nobody can tell whether it is true. */
  public ConditionList addUnknown(String type, Reason reason, String message) {
    return add(type, "Unknown", reason, message);
  }

  /** Keeps a condition as it was reported last, if it was. */
  public ConditionList keep(String type) {
    previous.stream().filter(c -> c.getType().equals(type)).forEach(conditions::add);
    return this;
  }

  /** The conditions in the order in which they were added. */
  public List<Condition> build() {
    return List.copyOf(conditions);
  }

  private ConditionList add(String type, String status, Reason reason, String message) {
    String since =
        previous.stream()
            .filter(c -> c.getType().equals(type) && c.getStatus().equals(status))
            .map(Condition::getLastTransitionTime)
            .findFirst()
            .orElse(now);
    conditions.add(
        new ConditionBuilder()
            .withType(type)
            .withStatus(status)
            .withReason(reason.name())
            .withMessage(message)
            .withObservedGeneration(generation)
            .withLastTransitionTime(since)
            .build());
    return this;
  }
}
