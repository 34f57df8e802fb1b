// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/**
 * How procmig runs on the nodes. Every getter returns the property of its name as the schema
 * describes it; absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public class MigrationRuntimeSpec {
  @JsonPropertyDescription("How agents run.")
  @Required
  private AgentSettings agent;

  @JsonPropertyDescription(
      "Where kernel modules come from; the first entry that matches the running " + "kernel wins.")
  @Size(max = 16)
  private List<KernelModules> modules = new ArrayList<>();

  @JsonPropertyDescription("Bounds on all migrations.")
  private RuntimeLimits limits;

  @JsonPropertyDescription(
      "A request whose subsystems make no progress for so many seconds is aborted and"
          + " rolled back.")
  @Default("10")
  @Min(1)
  @Max(3600)
  private Integer watchdogSeconds;

  public AgentSettings getAgent() {
    return agent;
  }

  public void setAgent(AgentSettings agent) {
    this.agent = agent;
  }

  public List<KernelModules> getModules() {
    return modules;
  }

  public void setModules(List<KernelModules> modules) {
    this.modules = modules == null ? new ArrayList<>() : new ArrayList<>(modules);
  }

  public RuntimeLimits getLimits() {
    return limits;
  }

  public void setLimits(RuntimeLimits limits) {
    this.limits = limits;
  }

  public Integer getWatchdogSeconds() {
    return watchdogSeconds;
  }

  public void setWatchdogSeconds(Integer watchdogSeconds) {
    this.watchdogSeconds = watchdogSeconds;
  }
}
