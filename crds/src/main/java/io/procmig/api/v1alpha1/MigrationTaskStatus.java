// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;

/**
 * What one side did and found. Written by the agent of the task's node only. Every getter returns
 * the property of its name as the schema describes it; absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public class MigrationTaskStatus {
  @JsonPropertyDescription("Generation of the spec that this status describes.")
  private Long observedGeneration;

  @JsonPropertyDescription("Where this side is.")
  private TaskPhase phase;

  @JsonPropertyDescription("Durable state of the token on this node.")
  private TokenState state;

  @JsonPropertyDescription("The process as it was found; by the source.")
  private ResolvedProcess process;

  @JsonPropertyDescription(
      "How many processes the preflight found in the scope, the named one among them; by the source.")
  private Integer processes;

  @JsonPropertyDescription("How many threads they have; by the source.")
  private Integer threads;

  @JsonPropertyDescription("Process ID on the target; by the target.")
  private Integer restartedPid;

  @JsonPropertyDescription("Everything that this side found in the way.")
  private List<Obstacle> obstacles = new ArrayList<>();

  @JsonPropertyDescription("How far this side is.")
  private Progress progress;

  @JsonPropertyDescription("How long the parts took, as this side measured them.")
  private Timings timings;

  @JsonPropertyDescription("Why this side gave up.")
  private Failure failure;

  @JsonPropertyDescription(
      "Whether the copy on the source is the process and can run. True until commit, "
          + "false afterwards.")
  private Boolean sourceIntact;

  @JsonPropertyDescription("When the agent picked the task up.")
  private String startTime;

  @JsonPropertyDescription("When this side ended.")
  private String completionTime;

  @JsonPropertyDescription("When the agent last wrote this status.")
  private String lastUpdateTime;

  @JsonPropertyDescription("Preflighted: True when this side found no obstacle, False otherwise.")
  private List<Condition> conditions = new ArrayList<>();

  public Long getObservedGeneration() {
    return observedGeneration;
  }

  public void setObservedGeneration(Long observedGeneration) {
    this.observedGeneration = observedGeneration;
  }

  public TaskPhase getPhase() {
    return phase;
  }

  public void setPhase(TaskPhase phase) {
    this.phase = phase;
  }

  public TokenState getState() {
    return state;
  }

  public void setState(TokenState state) {
    this.state = state;
  }

  public ResolvedProcess getProcess() {
    return process;
  }

  public void setProcess(ResolvedProcess process) {
    this.process = process;
  }

  public Integer getProcesses() {
    return processes;
  }

  public void setProcesses(Integer processes) {
    this.processes = processes;
  }

  public Integer getThreads() {
    return threads;
  }

  public void setThreads(Integer threads) {
    this.threads = threads;
  }

  public Integer getRestartedPid() {
    return restartedPid;
  }

  public void setRestartedPid(Integer restartedPid) {
    this.restartedPid = restartedPid;
  }

  public List<Obstacle> getObstacles() {
    return obstacles;
  }

  public void setObstacles(List<Obstacle> obstacles) {
    this.obstacles = obstacles == null ? new ArrayList<>() : new ArrayList<>(obstacles);
  }

  public Progress getProgress() {
    return progress;
  }

  public void setProgress(Progress progress) {
    this.progress = progress;
  }

  public Timings getTimings() {
    return timings;
  }

  public void setTimings(Timings timings) {
    this.timings = timings;
  }

  public Failure getFailure() {
    return failure;
  }

  public void setFailure(Failure failure) {
    this.failure = failure;
  }

  public Boolean getSourceIntact() {
    return sourceIntact;
  }

  public void setSourceIntact(Boolean sourceIntact) {
    this.sourceIntact = sourceIntact;
  }

  public String getStartTime() {
    return startTime;
  }

  public void setStartTime(String startTime) {
    this.startTime = startTime;
  }

  public String getCompletionTime() {
    return completionTime;
  }

  public void setCompletionTime(String completionTime) {
    this.completionTime = completionTime;
  }

  public String getLastUpdateTime() {
    return lastUpdateTime;
  }

  public void setLastUpdateTime(String lastUpdateTime) {
    this.lastUpdateTime = lastUpdateTime;
  }

  public List<Condition> getConditions() {
    return conditions;
  }

  public void setConditions(List<Condition> conditions) {
    this.conditions = conditions == null ? new ArrayList<>() : new ArrayList<>(conditions);
  }
}
