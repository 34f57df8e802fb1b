// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;

/**
 * What became of a migration. Written by the operator only. Every getter returns the property of
 * its name as the schema describes it; absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public class ProcessMigrationStatus {
  @JsonPropertyDescription("Generation of the spec that this status describes.")
  private Long observedGeneration;

  @JsonPropertyDescription(
      "Where the migration is, for people to read; programs use the conditions.")
  private MigrationPhase phase;

  @JsonPropertyDescription("Number of the current attempt, from 1.")
  private Integer attempt;

  @JsonPropertyDescription("The mode in use.")
  private MigrationMode mode;

  @JsonPropertyDescription("The end that the process leaves.")
  private MigrationEnd source;

  @JsonPropertyDescription("The end that the process arrives at.")
  private MigrationEnd target;

  @JsonPropertyDescription("The process as it was found, once.")
  private ResolvedProcess process;

  @JsonPropertyDescription(
      "How many processes the preflight found in the scope, the named one among them.")
  private Integer processes;

  @JsonPropertyDescription("How many threads they have.")
  private Integer threads;

  @JsonPropertyDescription("How the target node was chosen.")
  private Placement placement;

  @JsonPropertyDescription("When the operator accepted the migration.")
  private String startTime;

  @JsonPropertyDescription("When it must be committed.")
  private String deadlineTime;

  @JsonPropertyDescription("When the next attempt may start.")
  private String retryTime;

  @JsonPropertyDescription("When it finished, whatever the outcome.")
  private String completionTime;

  @JsonPropertyDescription("How far it is.")
  private Progress progress;

  @JsonPropertyDescription("How long its parts took.")
  private Timings timings;

  @JsonPropertyDescription("Why it did not move the process.")
  private Failure failure;

  @JsonPropertyDescription(
      "Everything that keeps the process from being migrated, from both nodes.")
  private List<Obstacle> obstacles = new ArrayList<>();

  @JsonPropertyDescription(
      "Ready, Reconciling and Stalled as kstatus defines them; Preflighted, "
          + "SourceIntact, DowntimeWithinBudget, CancelRequested.")
  private List<Condition> conditions = new ArrayList<>();

  public Long getObservedGeneration() {
    return observedGeneration;
  }

  public void setObservedGeneration(Long observedGeneration) {
    this.observedGeneration = observedGeneration;
  }

  public MigrationPhase getPhase() {
    return phase;
  }

  public void setPhase(MigrationPhase phase) {
    this.phase = phase;
  }

  public Integer getAttempt() {
    return attempt;
  }

  public void setAttempt(Integer attempt) {
    this.attempt = attempt;
  }

  public MigrationMode getMode() {
    return mode;
  }

  public void setMode(MigrationMode mode) {
    this.mode = mode;
  }

  public MigrationEnd getSource() {
    return source;
  }

  public void setSource(MigrationEnd source) {
    this.source = source;
  }

  public MigrationEnd getTarget() {
    return target;
  }

  public void setTarget(MigrationEnd target) {
    this.target = target;
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

  public Placement getPlacement() {
    return placement;
  }

  public void setPlacement(Placement placement) {
    this.placement = placement;
  }

  public String getStartTime() {
    return startTime;
  }

  public void setStartTime(String startTime) {
    this.startTime = startTime;
  }

  public String getDeadlineTime() {
    return deadlineTime;
  }

  public void setDeadlineTime(String deadlineTime) {
    this.deadlineTime = deadlineTime;
  }

  public String getRetryTime() {
    return retryTime;
  }

  public void setRetryTime(String retryTime) {
    this.retryTime = retryTime;
  }

  public String getCompletionTime() {
    return completionTime;
  }

  public void setCompletionTime(String completionTime) {
    this.completionTime = completionTime;
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

  public List<Obstacle> getObstacles() {
    return obstacles;
  }

  public void setObstacles(List<Obstacle> obstacles) {
    this.obstacles = obstacles == null ? new ArrayList<>() : new ArrayList<>(obstacles);
  }

  public List<Condition> getConditions() {
    return conditions;
  }

  public void setConditions(List<Condition> conditions) {
    this.conditions = conditions == null ? new ArrayList<>() : new ArrayList<>(conditions);
  }
}
