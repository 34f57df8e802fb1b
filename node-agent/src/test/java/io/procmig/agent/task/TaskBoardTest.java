// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.PreflightKernel;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.preflight.SourcePreflight;
import io.procmig.agent.preflight.TargetPreflight;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.agent.process.ProcessLookup;
import io.procmig.agent.token.DurableState;
import io.procmig.agent.token.FileTokenStore;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.DataPlane;
import io.procmig.agent.transfer.Sessions;
import io.procmig.agent.transfer.SourceReport;
import io.procmig.agent.transfer.SourceState;
import io.procmig.agent.transfer.StubLauncher;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.agent.transfer.TargetReport;
import io.procmig.agent.transfer.TargetState;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.agent.transfer.ThreadLoop;
import io.procmig.agent.transfer.TokenOutcome;
import io.procmig.agent.transfer.TransferLimits;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.MigrationMode;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskOwner;
import io.procmig.api.v1alpha1.MigrationTaskSpec;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Peer;
import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessSelector;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.api.v1alpha1.TokenState;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of tasks, with a kernel that only looks and a peer that refuses to be prepared. */
class TaskBoardTest {
  private static final String HEX = "00112233445566778899aabbccddeeff";
  private static final Token TOKEN = Token.parse(HEX);
  private static final int SELF = (int) ProcessHandle.current().pid();

  @TempDir Path directory;

  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<MigrationTaskStatus> written = new LinkedBlockingQueue<>();
  private final PreflightKernel kernel = new PreflightKernel();
  private final Refusing peer = new Refusing();
  private Optional<List<Obstacle>> targetObstacles = Optional.of(List.of());
  private FileTokenStore store;
  private Sessions sessions;
  private TaskBoard board;

  /** A target that answers every order with the same. */
  private static final class Refusing implements TargetPeer {
    Answer answer =
        Answer.aborted(Reason.PidTaken, Component.TargetAgent, "Prepare", "PID taken", "boot-b");

    private CompletableFuture<Answer> reply() {
      return CompletableFuture.completedFuture(answer);
    }

    @Override
    public CompletableFuture<Prepared> prepare(PrepareOrder order) {
      return CompletableFuture.completedFuture(new Prepared(answer, null));
    }

    @Override
    public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
      return reply();
    }

    @Override
    public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
      return reply();
    }

    @Override
    public CompletableFuture<Answer> go(Token token) {
      return reply();
    }

    @Override
    public CompletableFuture<Answer> abort(Token token, Cause cause) {
      return reply();
    }

    @Override
    public CompletableFuture<Answer> outcome(Token token) {
      return reply();
    }
  }

  private static final class NoData implements DataPlane {
    @Override
    public Channels connect(
        InetSocketAddress address, List<io.procmig.agent.transfer.ChannelSpec> channels) {
      throw new AssertionError("no data in this test");
    }

    @Override
    public Listening listen(
        List<io.procmig.agent.transfer.ChannelSpec> channels, Consumer<Channels> connected) {
      throw new AssertionError("no data in this test");
    }
  }

  private static final class NoStub implements StubLauncher {
    @Override
    public void launch(Order order) {
      throw new AssertionError("no stub in this test");
    }

    @Override
    public String complaint(Token token) {
      return "";
    }
  }

  @BeforeEach
  void equip() {
    store = new FileTokenStore(directory.resolve("tokens"), "boot-a", Clock.systemUTC());
    newAgent();
  }

  /** A further run of the agent on the same disk. */
  private void newAgent() {
    Executor direct = Runnable::run;
    ProcFiles proc = new ProcFiles(Path.of("/proc"));
    board =
        new TaskBoard(
            "node-a",
            thread,
            direct,
            (TaskRef task, MigrationTaskStatus status, StatusSink.Urgency urgency) ->
                written.add(status),
            Clock.systemUTC());
    sessions =
        new Sessions(
            new Sessions.Ports(
                "node-a",
                kernel,
                store,
                address -> peer,
                address -> peer::outcome,
                new NoData(),
                new NoStub(),
                (request, sink) -> () -> {},
                () -> new ThreadLoop("session"),
                TransferLimits.DEFAULT),
            board);
    board.equip(
        new Surroundings(
            sessions,
            (address, token, facts) -> CompletableFuture.completedFuture(targetObstacles),
            new ProcessLookup(proc, "node-a"),
            new ProcessFiles(proc),
            new SourcePreflight(kernel, proc, new ProcessFiles(proc), "x86_64", List.of()),
            new TargetPreflight(
                "node-a", kernel, proc, Path.of("/"), "x86_64", List.of(), () -> 1L << 30),
            processes -> List.of(),
            "10.0.0.1:7443",
            10_000,
            2,
            Duration.ofSeconds(30)));
    sessions.recover();
  }

  @AfterEach
  void stop() {
    thread.shutdownNow();
  }

  private static MigrationTask task(TaskRole role, Consumer<MigrationTaskSpec> change) {
    MigrationTaskSpec spec = new MigrationTaskSpec();
    spec.setMigrationRef(new MigrationTaskOwner("m", "uid-m"));
    spec.setNodeName("node-a");
    spec.setRole(role);
    spec.setAttempt(1);
    spec.setToken(HEX);
    spec.setPeer(new Peer("node-b", "10.0.0.2:7443"));
    spec.setProcess(new ProcessIdentity(SELF, null));
    spec.setMode(MigrationMode.StopAndCopy);
    spec.setDeadlineTime(Instant.now().plusSeconds(600).toString());
    spec.setDryRun(false);
    spec.setProceed(false);
    spec.setCancel(false);
    change.accept(spec);
    MigrationTask task = new MigrationTask();
    task.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace("default")
            .withName("m-1-" + role.name().toLowerCase(java.util.Locale.ROOT))
            .withUid("uid-" + role)
            .withGeneration(1L)
            .build());
    task.setSpec(spec);
    return task;
  }

  private MigrationTaskStatus await(Predicate<MigrationTaskStatus> condition)
      throws InterruptedException {
    while (true) {
      MigrationTaskStatus status = written.poll(90, TimeUnit.SECONDS);
      assertTrue(status != null, "no such status was written");
      if (condition.test(status)) {
        return status;
      }
    }
  }

  private MigrationTaskStatus awaitEnd() throws InterruptedException {
    return await(status -> status.getCompletionTime() != null);
  }

  /** Everything that was posted to the board has been done. */
  private void boardIsIdle() throws Exception {
    thread.submit(() -> {}).get(90, TimeUnit.SECONDS);
  }

  private static boolean preflighted(MigrationTaskStatus status, String verdict) {
    return status.getConditions().stream().anyMatch(c -> c.getStatus().equals(verdict));
  }

  @Test
  void aDryRunEndsAfterThePreflightOfBothSides() throws Exception {
    board.onAdd(task(TaskRole.Source, spec -> spec.setDryRun(true)));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Succeeded, end.getPhase());
    assertTrue(preflighted(end, "True"));
    assertEquals(SELF, end.getProcess().pid());
    assertTrue(end.getProcess().commandLine().contains("java"));
    assertTrue(end.getSourceIntact());
    assertEquals(TokenState.None, end.getState());
    assertEquals(Optional.empty(), store.read(TOKEN));
    assertEquals(0, sessions.open());
  }

  @Test
  void theScopeIsLookedAtAndWhatIsInItTold() throws Exception {
    board.onAdd(
        task(
            TaskRole.Source,
            spec -> {
              spec.setDryRun(true);
              spec.setScope(MigrationScope.Cgroup);
            }));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Succeeded, end.getPhase());
    assertEquals(3, end.getProcesses());
    assertEquals(7, end.getThreads());
    assertEquals(List.of(Selection.CGROUP), kernel.selections);
  }

  @Test
  void everyScopeMeansSomethingElseToTheKernel() {
    assertEquals(
        List.of(Selection.values()),
        Stream.of(MigrationScope.values()).map(TaskOrders::selection).toList());
    assertEquals(Selection.TREE, TaskOrders.selection(null));
  }

  @Test
  void aProcessThatIsNotThereIsRefused() throws Exception {
    board.onAdd(
        task(
            TaskRole.Source,
            spec -> {
              spec.setProcess(null);
              spec.setSelector(new ProcessSelector("no-such-comm", null, null));
            }));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(Reason.ProcessNotFound, end.getFailure().reason());
    assertEquals(Reason.ProcessNotFound, end.getObstacles().get(0).code());
    assertFalse(end.getFailure().retriable());
  }

  @Test
  void nothingStartsBeforeTheOperatorSaysSo() throws Exception {
    MigrationTask task = task(TaskRole.Source, spec -> {});
    board.onAdd(task);
    MigrationTaskStatus waiting = await(status -> preflighted(status, "True"));
    assertEquals(TaskPhase.Preflight, waiting.getPhase());
    boardIsIdle();
    assertEquals(Optional.empty(), store.read(TOKEN));
    board.onUpdate(task, task(TaskRole.Source, spec -> spec.setProceed(true)));
    MigrationTaskStatus end = awaitEnd();
    // The target refused, nothing had been frozen.
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(Reason.PidTaken, end.getFailure().reason());
    assertEquals(Component.TargetAgent, end.getFailure().component());
    assertEquals(TokenState.Aborted, end.getState());
    assertTrue(end.getSourceIntact());
    assertEquals(DurableState.ABORTED, store.read(TOKEN).orElseThrow().state());
  }

  @Test
  void obstaclesOfTheTargetEndTheSourceToo() throws Exception {
    targetObstacles =
        Optional.of(List.of(new Obstacle(Reason.FileMissing, "files", "fd 3", "fd 3: gone")));
    board.onAdd(task(TaskRole.Source, spec -> {}));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(Reason.FileMissing, end.getFailure().reason());
    assertEquals(Component.TargetAgent, end.getFailure().component());
    assertTrue(preflighted(end, "True"), "the source itself has no obstacle");
    assertEquals(List.of(), end.getObstacles());
  }

  @Test
  void aTaskIsCanceledAndNeverOpenedAgain() throws Exception {
    board.onAdd(task(TaskRole.Source, spec -> {}));
    await(status -> preflighted(status, "True"));
    MigrationTask canceled = task(TaskRole.Source, spec -> spec.setCancel(true));
    board.onUpdate(null, canceled);
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Canceled, end.getPhase());
    assertEquals(Reason.CanceledByUser, end.getFailure().reason());
    // The API server's copy may be older than what was written.
    board.onUpdate(null, task(TaskRole.Source, spec -> spec.setProceed(true)));
    boardIsIdle();
    assertNull(written.poll());
    assertEquals(Optional.empty(), board.target(TOKEN, "node-b"));
  }

  @Test
  void aTaskThatIsOverIsNotOpened() throws Exception {
    MigrationTask over = task(TaskRole.Source, spec -> spec.setProceed(true));
    MigrationTaskStatus status = new MigrationTaskStatus();
    status.setPhase(TaskPhase.RolledBack);
    over.setStatus(status);
    board.onAdd(over);
    boardIsIdle();
    assertNull(written.poll());
    assertEquals(0, sessions.open());
  }

  @Test
  void theDeadlineEndsATaskThatWaits() throws Exception {
    board.onAdd(
        task(
            TaskRole.Target,
            spec -> spec.setDeadlineTime(Instant.now().plusMillis(100).toString())));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(Reason.DeadlineExceeded, end.getFailure().reason());
  }

  @Test
  void aTargetIsLookedAtForItsPeerOnlyAndPreparedOnlyOnOrder() throws Exception {
    SourceFacts facts =
        new SourceFacts(
            SELF,
            List.of(SELF),
            "6.1.0-1-amd64",
            1,
            1,
            "x86_64",
            7,
            832,
            1,
            List.of(),
            List.of(),
            Claims.NONE);
    assertEquals(Optional.empty(), board.preflight(TOKEN, "node-b", facts));
    board.onAdd(task(TaskRole.Target, spec -> {}));
    assertEquals(Optional.empty(), board.preflight(TOKEN, "node-x", facts));
    List<Obstacle> obstacles = board.preflight(TOKEN, "node-b", facts).orElseThrow();
    assertEquals(Reason.PidTaken, obstacles.get(0).code(), "this process has the PID");
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(obstacles, end.getObstacles());
    assertTrue(preflighted(end, "False"));
    assertEquals(Optional.empty(), board.target(TOKEN, "node-b"));
  }

  @Test
  void aTargetIsOpenToItsPeerOnceTheOperatorSaysSo() throws Exception {
    MigrationTask waiting = task(TaskRole.Target, spec -> {});
    board.onAdd(waiting);
    assertEquals(Optional.empty(), board.target(TOKEN, "node-b"));
    board.onUpdate(waiting, task(TaskRole.Target, spec -> spec.setProceed(true)));
    assertEquals("m-1-target", board.target(TOKEN, "node-b").orElseThrow().name());
    assertEquals(Optional.empty(), board.target(TOKEN, "node-c"));
    board.onUpdate(
        waiting,
        task(
            TaskRole.Target,
            spec -> {
              spec.setProceed(true);
              spec.setCancel(true);
            }));
    assertEquals(Optional.empty(), board.target(TOKEN, "node-b"));
    assertEquals(TaskPhase.Canceled, awaitEnd().getPhase());
  }

  @Test
  void phasesFollowTheSession() throws Exception {
    board.onAdd(task(TaskRole.Source, spec -> {}));
    await(status -> preflighted(status, "True"));
    TaskRef ref = new TaskRef("default", "m-1-source", "uid-Source", "m", "node-a");
    SourceState[] states = {
      SourceState.PREPARING,
      SourceState.TRANSFERRING,
      SourceState.SAVED,
      SourceState.RESUMING,
      SourceState.FINISHING,
      SourceState.FINISHED
    };
    TaskPhase[] phases = {
      TaskPhase.PreparingTarget,
      TaskPhase.Transferring,
      TaskPhase.Restoring,
      TaskPhase.Committed,
      TaskPhase.Draining,
      TaskPhase.Succeeded
    };
    for (int i = 0; i < states.length; i++) {
      board.reported(
          ref,
          TOKEN,
          new SourceReport(states[i], i > 1, null, 1000, 250 * i, 1_000_000, -1, 5_000_000, -1));
      TaskPhase expected = phases[i];
      MigrationTaskStatus status = await(s -> s.getPhase() == expected);
      assertEquals(i < 3, status.getSourceIntact(), states[i].name());
      assertEquals(Math.min(100, 25 * i), status.getProgress().percent());
      assertEquals("5ms", status.getTimings().downtime());
    }
  }

  @Test
  void afterARestartWhatWasThawedByTheKernelIsToldAsRolledBack() throws Exception {
    store.write(
        new TokenRecord(
            TokenRecord.VERSION,
            HEX,
            RequestRole.SOURCE,
            DurableState.PREPARED,
            "boot-a",
            "default/m-1-source",
            "uid-Source",
            "m",
            SELF,
            1,
            "node-b",
            "10.0.0.2:7443",
            null,
            null,
            null,
            false,
            0,
            0,
            0));
    newAgent();
    MigrationTask task = task(TaskRole.Source, spec -> spec.setProceed(true));
    MigrationTaskStatus before = new MigrationTaskStatus();
    before.setPhase(TaskPhase.Frozen);
    task.setStatus(before);
    board.onAdd(task);
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.RolledBack, end.getPhase());
    assertEquals(Reason.AgentRestarted, end.getFailure().reason());
    assertEquals(DurableState.ABORTED, store.read(TOKEN).orElseThrow().state());
  }

  @Test
  void afterARestartATaskLearnsHowItEnded() throws Exception {
    store.write(
        new TokenRecord(
            TokenRecord.VERSION,
            HEX,
            RequestRole.TARGET,
            DurableState.FINISHED,
            "boot-a",
            "default/m-1-target",
            "uid-Target",
            "m",
            4711,
            0,
            "node-b",
            "10.0.0.2:7443",
            null,
            null,
            null,
            false,
            1,
            2,
            0));
    newAgent();
    board.onAdd(task(TaskRole.Target, spec -> spec.setProceed(true)));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Succeeded, end.getPhase());
    assertEquals(4711, end.getRestartedPid());
    assertEquals(TokenOutcome.COMMITTED, sessions.outcome(TOKEN).outcome());
  }

  @Test
  void aTargetThatNeverRanFails() throws Exception {
    board.onAdd(task(TaskRole.Target, spec -> spec.setProceed(true)));
    TaskRef ref = new TaskRef("default", "m-1-target", "uid-Target", "m", "node-a");
    board.reported(ref, TOKEN, new TargetReport(TargetState.REBUILT, null, 4711, 10, 10, 5));
    assertEquals(TaskPhase.Restoring, await(s -> s.getProgress() != null).getPhase());
    Cause cause = new Cause(Reason.RestartFailed, Component.TargetKernel, "Restore", "why");
    board.reported(ref, TOKEN, new TargetReport(TargetState.ABORTED, cause, 4711, 10, 10, 5));
    MigrationTaskStatus end = awaitEnd();
    assertEquals(TaskPhase.Failed, end.getPhase());
    assertEquals(TokenState.Aborted, end.getState());
    assertEquals("why", end.getFailure().message());
  }
}
