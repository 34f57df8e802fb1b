// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;

/**
 * How the agents are. Written by the operator only. Every getter returns the property of its name
 * as the schema describes it; absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public class MigrationRuntimeStatus {
  @JsonPropertyDescription("Generation of the spec that this status describes.")
  private Long observedGeneration;

  @JsonPropertyDescription("How many agents there are.")
  private AgentCounts agents;

  @JsonPropertyDescription("Ready, Reconciling and Stalled as kstatus defines them.")
  private List<Condition> conditions = new ArrayList<>();

  public Long getObservedGeneration() {
    return observedGeneration;
  }

  public void setObservedGeneration(Long observedGeneration) {
    this.observedGeneration = observedGeneration;
  }

  public AgentCounts getAgents() {
    return agents;
  }

  public void setAgents(AgentCounts agents) {
    this.agents = agents;
  }

  public List<Condition> getConditions() {
    return conditions;
  }

  public void setConditions(List<Condition> conditions) {
    this.conditions = conditions == null ? new ArrayList<>() : new ArrayList<>(conditions);
  }
}
