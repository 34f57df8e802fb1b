// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/**
 * Why something is as it is: the one list of words for the reasons of conditions, failures,
 * obstacles and events. The name of the constant is the word on the wire.
 *
 * <p>{@code docs/reference/reasons.md} is generated from this list.
 */
public enum Reason {
  // The way of a migration that goes well.
  Accepted(
      Kind.PROGRESS,
      "The migration is accepted and waits for its turn.",
      "Nothing; the phase tells how far it is."),
  Suspended(
      Kind.PROGRESS,
      "The migration is suspended and starts nothing new.",
      "Set spec.suspend to false."),
  WaitingForSlot(
      Kind.PROGRESS,
      "The source or the target takes part in as many migrations as it may.",
      "Wait, or raise spec.limits.maxConcurrentPerNode of the MigrationRuntime."),
  Preflight(Kind.PROGRESS, "Both nodes look for obstacles.", "Nothing; nothing is touched yet."),
  PreparingTarget(Kind.PROGRESS, "The target starts a stub and listens.", "Nothing."),
  Transferring(Kind.PROGRESS, "State travels.", "Nothing; status.progress tells how much."),
  Frozen(Kind.PROGRESS, "The process is frozen and its last state travels.", "Nothing."),
  Restoring(Kind.PROGRESS, "The target rebuilds the process.", "Nothing."),
  Draining(
      Kind.PROGRESS,
      "The process runs on the target, and the source is being cleaned up.",
      "Nothing."),
  Retrying(
      Kind.PROGRESS,
      "An attempt failed for a reason that may pass; another follows.",
      "Nothing; status.retryTime tells when."),
  Canceling(
      Kind.PROGRESS,
      "A cancel was asked for and the agents are stopping the attempt.",
      "Nothing; after commit the migration completes instead."),
  Committed(
      Kind.PROGRESS,
      "The process belongs to the target.",
      "Nothing; the source copy is being freed."),
  NotCommitted(
      Kind.PROGRESS,
      "The process on the source is the process.",
      "Nothing; this is the safe state."),
  Succeeded(Kind.SUCCESS, "The process runs on the target.", "Nothing."),
  DryRunPassed(
      Kind.SUCCESS,
      "A dry run found no obstacle.",
      "Create a ProcessMigration without dryRun to migrate."),
  NoObstacles(Kind.SUCCESS, "The preflight found no obstacle on either node.", "Nothing."),
  WithinBudget(Kind.SUCCESS, "The measured downtime is within the budget.", "Nothing."),
  AgentsReady(
      Kind.SUCCESS, "Every node that should run an agent has one that is ready.", "Nothing."),
  NoMatchingNodes(
      Kind.SUCCESS,
      "No node matches the node selector, so no agent is wanted.",
      "Correct spec.agent.nodeSelector of the MigrationRuntime if agents were expected."),
  Capable(Kind.SUCCESS, "The loaded modules can do this part.", "Nothing."),
  AgentServing(Kind.SUCCESS, "The agent serves.", "Nothing."),

  // Verdicts that are not failures of a migration.
  BudgetExceeded(
      Kind.VERDICT,
      "The measured downtime is longer than spec.downtimeBudget.",
      "Raise the budget, or migrate when the process is smaller."),
  ObstaclesFound(
      Kind.VERDICT,
      "The preflight found obstacles.",
      "Read status.obstacles; each one says what to do."),
  AgentsNotReady(
      Kind.VERDICT,
      "Some node that should run an agent has none that is ready.",
      "Run kubectl -n procmig-system get pods -l app.kubernetes.io/name=procmig-node-agent and look"
          + " at those that are not ready."),

  // Obstacles and failures before anything is touched.
  ProcessNotFound(
      Kind.PERMANENT,
      "No such process on the source node.",
      "Check the node name, the PID or the selector; kernel threads and zombies are not found."),
  ProcessIdentityChanged(
      Kind.PERMANENT,
      "The PID belongs to a process with another start time: the one that was meant is gone.",
      "Look the process up again and create a new ProcessMigration."),
  ProcessAmbiguous(
      Kind.PERMANENT,
      "The selector matches more than one process.",
      "Narrow the selector, or name the process by its PID; the message lists the matches."),
  WrongNode(
      Kind.PERMANENT,
      "The named node does not exist, or runs no agent.",
      "Check the name with kubectl get mnode."),
  SameNode(
      Kind.PERMANENT,
      "Source and target are the same node.",
      "Name another target, or exclude the source in the node selector."),
  SourceNotCapable(
      Kind.PERMANENT,
      "The source node cannot let processes leave.",
      "See condition SourceCapable of its MigrationNode."),
  TargetNotCapable(
      Kind.PERMANENT,
      "The target node cannot take processes.",
      "See conditions Ready and TargetCapable of its MigrationNode."),
  NoTargetAvailable(
      Kind.TRANSIENT,
      "No node that matches the selector is ready, capable and other than the source.",
      "Check the selector against kubectl get mnode --show-labels."),
  PidTaken(
      Kind.PERMANENT,
      "A process or thread on the target already has the PID.",
      "Migrate to another node, or end the process that has it."),
  IdentifierTaken(
      Kind.PERMANENT,
      "A System V ID or key, a name or a port that the process has is taken on the target.",
      "Remove or end what the message names, or migrate to another node."),
  FileMissing(
      Kind.PERMANENT,
      "A file that the process uses does not exist on the target.",
      "Copy the file to the same path, or mount the same file system."),
  FileDiffers(
      Kind.PERMANENT,
      "A file that the process uses is not the same on the target.",
      "Make size, modification time and, for programs and libraries, the build ID equal."),
  KernelIncompatible(
      Kind.PERMANENT,
      "The kernels, or the modules in them, do not understand each other.",
      "Bring both nodes to kernels with the same stream version; compare kubectl get mnode -o yaml."),
  CpuFeaturesMissing(
      Kind.PERMANENT,
      "The process may use processor features that the target lacks.",
      "Migrate to a node whose MigrationNode lists the features named in the message."),
  DiskFull(
      Kind.PERMANENT,
      "The target has too little space for what the process needs there.",
      "Free space on the file system named in the message."),
  MemoryShort(
      Kind.TRANSIENT,
      "The target has too little free memory for the process.",
      "Free memory on the target, or migrate to another node."),
  UnsupportedState(
      Kind.PERMANENT,
      "The process holds state that no loaded subsystem carries.",
      "Let the process give the object up, or load a subsystem that carries it; kubectl get mnode"
          + " -o yaml lists the capabilities."),
  PermissionDenied(
      Kind.PERMANENT,
      "Something that the migration needs is not permitted.",
      "Grant the permission that the message names."),
  InvalidRequest(
      Kind.PERMANENT,
      "The order makes no sense, although the API server admitted it.",
      "Correct the field that the message names and create a new object."),

  // Failures of an attempt.
  QuiesceTimeout(
      Kind.TRANSIENT,
      "A thread did not reach its user boundary in time; it sleeps uninterruptibly in the kernel.",
      "Raise spec.quiesceTimeout, or migrate when the thread named in the message is idle."),
  WatchdogExpired(
      Kind.TRANSIENT,
      "The transfer made no progress for as long as the watchdog allows.",
      "Look at the network between the nodes and at both kernel logs."),
  TransferInterrupted(
      Kind.TRANSIENT,
      "The connection between the nodes broke.",
      "Check the network between the nodes; another attempt may succeed."),
  PeerUnreachable(
      Kind.TRANSIENT,
      "The agents cannot reach each other.",
      "Check that the control port of the MigrationRuntime is open between the nodes."),
  StreamRejected(
      Kind.PERMANENT,
      "The target refused the stream as malformed or unknown.",
      "Compare the versions in kubectl get mnode -o yaml; report the record named in the message."),
  RestartFailed(
      Kind.TRANSIENT,
      "The target could not rebuild the process.",
      "Read the message and the kernel log of the target."),
  CheckpointFailed(
      Kind.TRANSIENT,
      "The source could not take the state of the process.",
      "Read the message and the kernel log of the source."),
  ProcessExited(
      Kind.PERMANENT,
      "The process ended before it was migrated.",
      "Nothing to migrate any more; look at the process's own output."),
  DeadlineExceeded(
      Kind.PERMANENT,
      "The migration was not committed before its deadline.",
      "Raise spec.deadline in a new ProcessMigration, or find what held it up in the events."),
  CanceledByUser(
      Kind.PERMANENT,
      "Someone asked for the migration to be canceled.",
      "Create a new ProcessMigration to try again."),
  AgentLost(
      Kind.TRANSIENT,
      "The agent of a node stopped reporting.",
      "Look at the agent's pod on the node named in the message; the outcome is settled as soon as"
          + " one agent can tell the state of the token."),
  AgentRestarted(
      Kind.TRANSIENT,
      "The agent restarted during the attempt and undid it.",
      "Look at why the agent restarted; another attempt may succeed."),
  TargetNodeLost(
      Kind.TRANSIENT,
      "The target node went away before commit; the process runs on the source.",
      "Bring the node back, or migrate to another one."),
  SourceNodeLost(
      Kind.PERMANENT,
      "The source node went away before commit, and the process with it.",
      "Bring the node back; the process cannot be recovered."),
  ModuleLoadFailed(
      Kind.PERMANENT,
      "A kernel module could not be loaded or is not the expected one.",
      "Read the message and the kernel log of the node; provide modules for its kernel release."),
  ModulesMissing(
      Kind.PERMANENT,
      "There are no kernel modules for the running kernel.",
      "Add modules for the kernel release in the message to the agent image or to spec.modules of"
          + " the MigrationRuntime."),
  InternalError(
      Kind.TRANSIENT,
      "A part of procmig failed in a way that it did not foresee.",
      "Read the logs of the component in the message and report the failure.");

  /** What a reason says about the future. */
  public enum Kind {
    /** Under way. */
    PROGRESS,
    /** Reached what was wished for. */
    SUCCESS,
    /** A finding that by itself ends nothing. */
    VERDICT,
    /** A failure that stays until someone changes something. */
    PERMANENT,
    /** A failure that may pass by itself. */
    TRANSIENT
  }

  private final Kind kind;
  private final String meaning;
  private final String nextStep;

  Reason(Kind kind, String meaning, String nextStep) {
    this.kind = kind;
    this.meaning = meaning;
    this.nextStep = nextStep;
  }

  /** What the reason says about the future. */
  public Kind kind() {
    return kind;
  }

  /** What the reason means, in one sentence. */
  public String meaning() {
    return meaning;
  }

  /** What to do next, in one sentence. */
  public String nextStep() {
    return nextStep;
  }

  /** Whether another attempt may succeed without anyone changing anything. */
  public boolean retriable() {
    return kind == Kind.TRANSIENT;
  }
}
