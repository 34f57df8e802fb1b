// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.ComponentKind;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.ObstacleCode;
import io.procmig.agent.kernel.Subsystem;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.util.List;

/** What the modules found, in the words of the API. */
final class KernelObstacles {
  private final List<LoadedComponent> components;

  /** Of the subsystems that are loaded here. */
  KernelObstacles(List<LoadedComponent> components) {
    this.components = components;
  }

  /** An obstacle to a checkpoint. */
  Obstacle onSource(KernelObstacle obstacle) {
    String hint = obstacle.code() == ObstacleCode.STATE ? " (it may pass)" : "";
    return of(Reason.UnsupportedState, obstacle, obstacle.text() + hint);
  }

  /** An obstacle to what is claimed on a node. */
  Obstacle onTarget(KernelObstacle obstacle, String node) {
    Reason reason =
        obstacle.code() == ObstacleCode.TAKEN ? Reason.IdentifierTaken : Reason.UnsupportedState;
    return of(
        reason, obstacle, "on node " + node + ": " + obstacle.text() + ". " + reason.nextStep());
  }

  private Obstacle of(Reason reason, KernelObstacle obstacle, String message) {
    int colon = obstacle.text().indexOf(": ");
    String object =
        colon > 0 ? obstacle.text().substring(0, colon) : Long.toString(obstacle.object());
    return new Obstacle(reason, subsystem(obstacle.subsystem()), object, message);
  }

  private String subsystem(int id) {
    if (id == Subsystem.CORE.code()) {
      return "core";
    }
    return components.stream()
        .filter(component -> component.kind() == ComponentKind.SUBSYSTEM)
        .filter(component -> component.id() == id)
        .map(LoadedComponent::name)
        .findFirst()
        .orElse("subsystem " + id);
  }
}
