// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.runtime;

import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import java.util.Objects;

/**
 * What the DaemonSet controller says about the agents.
 *
 * @param current whether it has seen the DaemonSet as it is now
 */
record AgentReadiness(boolean current, int desired, int ready, int updated) {
  static AgentReadiness of(DaemonSet agents) {
    DaemonSetStatus status =
        Objects.requireNonNullElseGet(agents.getStatus(), DaemonSetStatus::new);
    boolean current =
        Objects.equals(status.getObservedGeneration(), agents.getMetadata().getGeneration());
    return new AgentReadiness(
        current,
        number(status.getDesiredNumberScheduled()),
        number(status.getNumberReady()),
        number(status.getUpdatedNumberScheduled()));
  }

  boolean complete() {
    return current && ready >= desired && updated >= desired;
  }

  private static int number(Integer value) {
    return value == null ? 0 : value;
  }
}
