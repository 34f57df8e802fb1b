// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.ArrayList;
import java.util.List;

/**
 * One side of one attempt. Written by the operator only; immutable except proceed and cancel. Every
 * getter returns the property of its name as the schema describes it; absent is null, and an absent
 * list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "has(self.process) != has(self.selector)",
    message = "exactly one of process and selector must be given")
@ValidationRule(
    value = "self.migrationRef == oldSelf.migrationRef",
    message = "migrationRef is immutable")
@ValidationRule(value = "self.nodeName == oldSelf.nodeName", message = "nodeName is immutable")
@ValidationRule(value = "self.role == oldSelf.role", message = "role is immutable")
@ValidationRule(value = "self.attempt == oldSelf.attempt", message = "attempt is immutable")
@ValidationRule(value = "self.token == oldSelf.token", message = "token is immutable")
@ValidationRule(value = "self.peer == oldSelf.peer", message = "peer is immutable")
@ValidationRule(value = "self.mode == oldSelf.mode", message = "mode is immutable")
@ValidationRule(
    value = "self.deadlineTime == oldSelf.deadlineTime",
    message = "deadlineTime is immutable")
@ValidationRule(
    value =
        "has(self.process) == has(oldSelf.process) && (!has(self.process) || "
            + "self.process == oldSelf.process)",
    message = "process is immutable")
@ValidationRule(
    value =
        "has(self.selector) == has(oldSelf.selector) && (!has(self.selector) ||"
            + " self.selector == oldSelf.selector)",
    message = "selector is immutable")
@ValidationRule(
    value =
        "has(self.mechanisms) == has(oldSelf.mechanisms) && "
            + "(!has(self.mechanisms) || self.mechanisms == oldSelf.mechanisms)",
    message = "mechanisms is immutable")
@ValidationRule(
    value =
        "has(self.quiesceTimeout) == has(oldSelf.quiesceTimeout) && "
            + "(!has(self.quiesceTimeout) || self.quiesceTimeout == "
            + "oldSelf.quiesceTimeout)",
    message = "quiesceTimeout is immutable")
@ValidationRule(
    value =
        "has(self.dryRun) == has(oldSelf.dryRun) && (!has(self.dryRun) || "
            + "self.dryRun == oldSelf.dryRun)",
    message = "dryRun is immutable")
public class MigrationTaskSpec {
  @JsonPropertyDescription("The ProcessMigration that this task belongs to.")
  @Required
  private MigrationTaskOwner migrationRef;

  @JsonPropertyDescription("The node whose agent carries the task out.")
  @Required
  @Size(min = 1, max = 253)
  private String nodeName;

  @JsonPropertyDescription("Which side this is.")
  @Required
  private TaskRole role;

  @JsonPropertyDescription("Number of the attempt, from 1.")
  @Required
  @Min(1)
  private Integer attempt;

  @JsonPropertyDescription(
      "Names the event on both nodes: 128 random bits as 32 hexadecimal digits.")
  @Required
  @Pattern("^[0-9a-f]{32}$")
  private String token;

  @JsonPropertyDescription("The other side.")
  @Required
  private Peer peer;

  @JsonPropertyDescription("The process on the source node. Exactly one of process and selector.")
  private ProcessIdentity process;

  @JsonPropertyDescription(
      "The process on the source node, by what it is. Exactly one of process and " + "selector.")
  private ProcessSelector selector;

  @JsonPropertyDescription(
      "Which processes move with it: nobody else, or its session, process group or cgroup; "
          + "always with whatever descends from one of them.")
  @Default("Tree")
  @ValidationRule(value = "self == oldSelf", message = "scope is immutable")
  private MigrationScope scope;

  @JsonPropertyDescription("How memory travels.")
  @Required
  private MigrationMode mode;

  @JsonPropertyDescription("How single objects of the process are treated.")
  @Size(max = 64)
  private List<Mechanism> mechanisms = new ArrayList<>();

  @JsonPropertyDescription("When the token must be committed; an agent aborts afterwards.")
  @Required
  @Size(min = 20, max = 40)
  private String deadlineTime;

  @JsonPropertyDescription("How long to wait for every thread to stop.")
  @Pattern("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$")
  @Size(min = 2, max = 32)
  private String quiesceTimeout;

  @JsonPropertyDescription("Stop after the preflight.")
  @Default("false")
  private Boolean dryRun;

  @JsonPropertyDescription(
      "The operator has seen the preflight of both sides and orders the transfer. "
          + "Agents go no further than Preflight before this is true.")
  @Default("false")
  @ValidationRule(
      value = "self || !oldSelf",
      message = "proceed cannot be taken back; set cancel instead")
  private Boolean proceed;

  @JsonPropertyDescription("Stop as soon as that is safe; without effect after commit.")
  @Default("false")
  @ValidationRule(value = "self || !oldSelf", message = "cancel cannot be taken back")
  private Boolean cancel;

  public MigrationTaskOwner getMigrationRef() {
    return migrationRef;
  }

  public void setMigrationRef(MigrationTaskOwner migrationRef) {
    this.migrationRef = migrationRef;
  }

  public String getNodeName() {
    return nodeName;
  }

  public void setNodeName(String nodeName) {
    this.nodeName = nodeName;
  }

  public TaskRole getRole() {
    return role;
  }

  public void setRole(TaskRole role) {
    this.role = role;
  }

  public Integer getAttempt() {
    return attempt;
  }

  public void setAttempt(Integer attempt) {
    this.attempt = attempt;
  }

  public String getToken() {
    return token;
  }

  public void setToken(String token) {
    this.token = token;
  }

  public Peer getPeer() {
    return peer;
  }

  public void setPeer(Peer peer) {
    this.peer = peer;
  }

  public ProcessIdentity getProcess() {
    return process;
  }

  public void setProcess(ProcessIdentity process) {
    this.process = process;
  }

  public ProcessSelector getSelector() {
    return selector;
  }

  public void setSelector(ProcessSelector selector) {
    this.selector = selector;
  }

  public MigrationScope getScope() {
    return scope;
  }

  public void setScope(MigrationScope scope) {
    this.scope = scope;
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

  public String getDeadlineTime() {
    return deadlineTime;
  }

  public void setDeadlineTime(String deadlineTime) {
    this.deadlineTime = deadlineTime;
  }

  public String getQuiesceTimeout() {
    return quiesceTimeout;
  }

  public void setQuiesceTimeout(String quiesceTimeout) {
    this.quiesceTimeout = quiesceTimeout;
  }

  public Boolean getDryRun() {
    return dryRun;
  }

  public void setDryRun(Boolean dryRun) {
    this.dryRun = dryRun;
  }

  public Boolean getProceed() {
    return proceed;
  }

  public void setProceed(Boolean proceed) {
    this.proceed = proceed;
  }

  public Boolean getCancel() {
    return cancel;
  }

  public void setCancel(Boolean cancel) {
    this.cancel = cancel;
  }
}
