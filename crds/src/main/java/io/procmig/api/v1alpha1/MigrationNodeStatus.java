// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;

/**
 * What a node can do. Written by that node's agent only. Every getter returns the property of its
 * name as the schema describes it; absent is null, and an absent list is empty.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public class MigrationNodeStatus {
  @JsonPropertyDescription("Boot ID of the running kernel; changes with every boot.")
  private String bootID;

  @JsonPropertyDescription("Release of the running kernel, as uname -r.")
  private String kernelRelease;

  @JsonPropertyDescription("Architecture of the node, as uname -m.")
  private String architecture;

  @JsonPropertyDescription("What its processors offer.")
  private NodeCpu cpu;

  @JsonPropertyDescription("Where its agent is reached.")
  private NodeAddresses addresses;

  @JsonPropertyDescription("Version of the interface between agent and modules.")
  private Integer abiVersion;

  @JsonPropertyDescription("Version of the stream that the modules speak.")
  private Integer streamVersion;

  @JsonPropertyDescription("Modules of procmig that are loaded.")
  private List<NodeModule> modules = new ArrayList<>();

  @JsonPropertyDescription(
      "Kinds of process state and whether they are carried, as the loaded modules "
          + "declare them.")
  private List<NodeCapability> capabilities = new ArrayList<>();

  @JsonPropertyDescription("How many migrations it takes part in.")
  private NodeSlots slots;

  @JsonPropertyDescription("Its agent.")
  private NodeAgent agent;

  @JsonPropertyDescription("When the agent last confirmed all this.")
  private String heartbeatTime;

  @JsonPropertyDescription(
      "Ready: the agent serves. SourceCapable and TargetCapable: the loaded modules "
          + "can do that part.")
  private List<Condition> conditions = new ArrayList<>();

  public String getBootID() {
    return bootID;
  }

  public void setBootID(String bootID) {
    this.bootID = bootID;
  }

  public String getKernelRelease() {
    return kernelRelease;
  }

  public void setKernelRelease(String kernelRelease) {
    this.kernelRelease = kernelRelease;
  }

  public String getArchitecture() {
    return architecture;
  }

  public void setArchitecture(String architecture) {
    this.architecture = architecture;
  }

  public NodeCpu getCpu() {
    return cpu;
  }

  public void setCpu(NodeCpu cpu) {
    this.cpu = cpu;
  }

  public NodeAddresses getAddresses() {
    return addresses;
  }

  public void setAddresses(NodeAddresses addresses) {
    this.addresses = addresses;
  }

  public Integer getAbiVersion() {
    return abiVersion;
  }

  public void setAbiVersion(Integer abiVersion) {
    this.abiVersion = abiVersion;
  }

  public Integer getStreamVersion() {
    return streamVersion;
  }

  public void setStreamVersion(Integer streamVersion) {
    this.streamVersion = streamVersion;
  }

  public List<NodeModule> getModules() {
    return modules;
  }

  public void setModules(List<NodeModule> modules) {
    this.modules = modules == null ? new ArrayList<>() : new ArrayList<>(modules);
  }

  public List<NodeCapability> getCapabilities() {
    return capabilities;
  }

  public void setCapabilities(List<NodeCapability> capabilities) {
    this.capabilities = capabilities == null ? new ArrayList<>() : new ArrayList<>(capabilities);
  }

  public NodeSlots getSlots() {
    return slots;
  }

  public void setSlots(NodeSlots slots) {
    this.slots = slots;
  }

  public NodeAgent getAgent() {
    return agent;
  }

  public void setAgent(NodeAgent agent) {
    this.agent = agent;
  }

  public String getHeartbeatTime() {
    return heartbeatTime;
  }

  public void setHeartbeatTime(String heartbeatTime) {
    this.heartbeatTime = heartbeatTime;
  }

  public List<Condition> getConditions() {
    return conditions;
  }

  public void setConditions(List<Condition> conditions) {
    this.conditions = conditions == null ? new ArrayList<>() : new ArrayList<>(conditions);
  }
}
