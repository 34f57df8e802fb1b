// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to be moved, where to, and within which bounds. Immutable except suspend, cancel and
 * ttlAfterFinished. Every getter returns the property of its name as the schema describes it;
 * absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "self.source == oldSelf.source",
    message = "source is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value = "self.target == oldSelf.target",
    message = "target is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.mode) == has(oldSelf.mode) && (!has(self.mode) || self.mode "
            + "== oldSelf.mode)",
    message = "mode is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.mechanisms) == has(oldSelf.mechanisms) && "
            + "(!has(self.mechanisms) || self.mechanisms == oldSelf.mechanisms)",
    message = "mechanisms is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.downtimeBudget) == has(oldSelf.downtimeBudget) && "
            + "(!has(self.downtimeBudget) || self.downtimeBudget == "
            + "oldSelf.downtimeBudget)",
    message = "downtimeBudget is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.deadline) == has(oldSelf.deadline) && (!has(self.deadline) ||"
            + " self.deadline == oldSelf.deadline)",
    message = "deadline is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.quiesceTimeout) == has(oldSelf.quiesceTimeout) && "
            + "(!has(self.quiesceTimeout) || self.quiesceTimeout == "
            + "oldSelf.quiesceTimeout)",
    message = "quiesceTimeout is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.retry) == has(oldSelf.retry) && (!has(self.retry) || "
            + "self.retry == oldSelf.retry)",
    message = "retry is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value =
        "has(self.dryRun) == has(oldSelf.dryRun) && (!has(self.dryRun) || "
            + "self.dryRun == oldSelf.dryRun)",
    message = "dryRun is immutable; create a new ProcessMigration instead")
@ValidationRule(
    value = "!has(self.target.nodeName) || self.target.nodeName != " + "self.source.nodeName",
    message = "source and target must be different nodes")
public class ProcessMigrationSpec {
  @JsonPropertyDescription("The process to move. Immutable.")
  @Required
  private MigrationSource source;

  @JsonPropertyDescription("Where to move it. Immutable.")
  @Required
  private MigrationTarget target;

  @JsonPropertyDescription("How memory travels. Immutable.")
  @Default("StopAndCopy")
  private MigrationMode mode;

  @JsonPropertyDescription(
      "How single objects of the process are treated; what is not named is "
          + "transferred. Immutable.")
  @Size(max = 64)
  private List<Mechanism> mechanisms = new ArrayList<>();

  @JsonPropertyDescription(
      "Longest acceptable downtime, for example 500ms. The measured downtime is "
          + "compared with it in condition DowntimeWithinBudget. Immutable.")
  @Pattern("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$")
  @Size(min = 2, max = 32)
  private String downtimeBudget;

  @JsonPropertyDescription(
      "The migration as a whole must be committed this long after it was accepted; "
          + "afterwards it is rolled back with DeadlineExceeded. Immutable.")
  @Default("600s")
  @Pattern("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$")
  @Size(min = 2, max = 32)
  private String deadline;

  @JsonPropertyDescription(
      "How long to wait for every thread to stop before giving up with "
          + "QuiesceTimeout. Immutable.")
  @Default("5s")
  @Pattern("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$")
  @Size(min = 2, max = 32)
  private String quiesceTimeout;

  @JsonPropertyDescription(
      "What to do when an attempt fails for a reason that may pass. Immutable.")
  private RetryPolicy retry;

  @JsonPropertyDescription(
      "Stop after the preflight and report its verdict; nothing is frozen. Immutable.")
  @Default("false")
  private Boolean dryRun;

  @JsonPropertyDescription("Start nothing new while true. An attempt that is under way goes on.")
  @Default("false")
  private Boolean suspend;

  @JsonPropertyDescription(
      "Stop as soon as that is safe. After commit it has no effect. Once true it " + "stays true.")
  @Default("false")
  @ValidationRule(
      value = "self || !oldSelf",
      message = "a cancel cannot be taken back; create a new ProcessMigration instead")
  private Boolean cancel;

  @JsonPropertyDescription("Delete this object so long after it finished. Absent means never.")
  @Pattern("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$")
  @Size(min = 2, max = 32)
  private String ttlAfterFinished;

  public MigrationSource getSource() {
    return source;
  }

  public void setSource(MigrationSource source) {
    this.source = source;
  }

  public MigrationTarget getTarget() {
    return target;
  }

  public void setTarget(MigrationTarget target) {
    this.target = target;
  }

  public MigrationMode getMode() {
    return mode;
  }

  public void setMode(MigrationMode mode) {
    this.mode = mode;
  }

  public List<Mechanism> getMechanisms() {
    return mechanisms;
  }

  public void setMechanisms(List<Mechanism> mechanisms) {
    this.mechanisms = mechanisms == null ? new ArrayList<>() : new ArrayList<>(mechanisms);
  }

  public String getDowntimeBudget() {
    return downtimeBudget;
  }

  public void setDowntimeBudget(String downtimeBudget) {
    this.downtimeBudget = downtimeBudget;
  }

  public String getDeadline() {
    return deadline;
  }

  public void setDeadline(String deadline) {
    this.deadline = deadline;
  }

  public String getQuiesceTimeout() {
    return quiesceTimeout;
  }

  public void setQuiesceTimeout(String quiesceTimeout) {
    this.quiesceTimeout = quiesceTimeout;
  }

  public RetryPolicy getRetry() {
    return retry;
  }

  public void setRetry(RetryPolicy retry) {
    this.retry = retry;
  }

  public Boolean getDryRun() {
    return dryRun;
  }

  public void setDryRun(Boolean dryRun) {
    this.dryRun = dryRun;
  }

  public Boolean getSuspend() {
    return suspend;
  }

  public void setSuspend(Boolean suspend) {
    this.suspend = suspend;
  }

  public Boolean getCancel() {
    return cancel;
  }

  public void setCancel(Boolean cancel) {
    this.cancel = cancel;
  }

  public String getTtlAfterFinished() {
    return ttlAfterFinished;
  }

  public void setTtlAfterFinished(String ttlAfterFinished) {
    this.ttlAfterFinished = ttlAfterFinished;
  }
}
