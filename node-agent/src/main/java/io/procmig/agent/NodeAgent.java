// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.procmig.agent.config.AgentConfig;
import io.procmig.agent.config.InvalidSettingException;
import io.procmig.agent.control.ControlPeers;
import io.procmig.agent.control.ControlServer;
import io.procmig.agent.control.ControlTls;
import io.procmig.agent.health.HealthServer;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.logging.Logs;
import io.procmig.agent.modules.KernelAccess;
import io.procmig.agent.modules.KernelTls;
import io.procmig.agent.modules.ModuleSource;
import io.procmig.agent.modules.SysModuleTable;
import io.procmig.agent.node.HostFacts;
import io.procmig.agent.node.NodeReport;
import io.procmig.agent.orders.ClusterOrders;
import io.procmig.agent.orders.Orders;
import io.procmig.agent.orders.StreamOrders;
import io.procmig.agent.preflight.SourcePreflight;
import io.procmig.agent.preflight.TargetPreflight;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.agent.process.ProcessLookup;
import io.procmig.agent.task.Surroundings;
import io.procmig.agent.task.TaskBoard;
import io.procmig.agent.token.FileTokenStore;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.ChannelSpec;
import io.procmig.agent.transfer.PollingWatch;
import io.procmig.agent.transfer.ProcessStubLauncher;
import io.procmig.agent.transfer.Sessions;
import io.procmig.agent.transfer.TcpDataPlane;
import io.procmig.agent.transfer.ThreadLoop;
import io.procmig.agent.transfer.TransferLimits;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.NodeAddresses;
import io.procmig.api.v1alpha1.Reason;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node agent. */
public final class NodeAgent implements AutoCloseable {
  private static final Path PROC = Path.of("/proc");
  private static final Path HOST_ROOT = PROC.resolve("1/root");
  private static final Path HOST_MODULES = Path.of("/lib/modules");
  private static final Path SYS_MODULE = Path.of("/sys/module");
  private static final Duration TOKEN_AGE = Duration.ofDays(7);
  private static final Duration SWEEP = Duration.ofHours(1);
  private static final Duration PEER_PATIENCE = Duration.ofSeconds(30);

  /** Longer than the first publication takes on the slowest node. */
  private static final Duration API_PATIENCE = Duration.ofSeconds(60);

  private static final int CALLS = 8;

  private final Logger log = LoggerFactory.getLogger(NodeAgent.class);
  private final AgentConfig config;
  private final ScheduledExecutorService boardThread = scheduled("procmig-tasks");
  private final ScheduledExecutorService apiThread =
      new ApiThread(API_PATIENCE, daemons("procmig-api"));
  private final ExecutorService calls = pool("procmig-call");
  private final KernelAccess kernel;
  private final FileTokenStore store;
  private final ProcessStubLauncher stub;
  private final Sessions sessions;
  private final TaskBoard board;
  private final Orders orders;
  private final NodeReport report;
  private final SysModuleTable modules = new SysModuleTable(SYS_MODULE);
  private final Clock clock = Clock.systemUTC();
  private final ControlPeers peers;
  private final ControlTls tls;
  private final SelfTest selfTest;
  private volatile boolean stopping;
  private volatile boolean published;
  private ControlServer server;
  private HealthServer health;

  /**
   * Puts the parts together; nothing is started yet.
   *
   * @param orders makes what tells this node what to do, given the thread for what is said to it;
   *     closed with the agent
   */
  public NodeAgent(AgentConfig config, Function<ScheduledExecutorService, Orders> orders) {
    this.config = config;
    this.orders = orders.apply(apiThread);
    ProcFiles proc = new ProcFiles(PROC);
    HostFacts host = HostFacts.read(proc);
    kernel =
        new KernelAccess(
            new ModuleSource(
                config.modulesDirectory(),
                config.modules().stream()
                    .map(extra -> new ModuleSource.Extra(extra.release(), extra.directory()))
                    .toList()),
            modules,
            host.kernelRelease(),
            config.device());
    store = new FileTokenStore(config.state().resolve("tokens"), host.bootId(), clock);
    stub =
        new ProcessStubLauncher(
            config.stub(), config.device(), config.cgroups(), config.state().resolve("stubs"));
    tls = ControlTls.in(config.tls());
    peers = new ControlPeers(config.node(), tls, calls);
    board = new TaskBoard(config.node(), boardThread, calls, this.orders.statuses(), clock);
    AtomicInteger sessionNumber = new AtomicInteger();
    TcpDataPlane data =
        new TcpDataPlane(
            config.host(),
            new KernelTls(PROC, HOST_MODULES, host.kernelRelease(), config.node()),
            config.bandwidth());
    SecureRandom random = new SecureRandom();
    IntFunction<List<ChannelSpec>> channels =
        processes ->
            ChannelSpec.fresh(random, Math.min(processes, config.bulkChannels()), config.dataTls());
    sessions =
        new Sessions(
            new Sessions.Ports(
                config.node(),
                kernel,
                store,
                peers::target,
                peers::source,
                data,
                stub,
                new PollingWatch(TransferLimits.DEFAULT.progressEvery()),
                () -> new ThreadLoop("procmig-session-" + sessionNumber.incrementAndGet()),
                TransferLimits.DEFAULT),
            board);
    ProcessFiles files = new ProcessFiles(proc);
    TargetPreflight targetPreflight =
        new TargetPreflight(
            config.node(),
            kernel,
            proc,
            HOST_ROOT,
            host.machine(),
            host.cpuFeatures(),
            store::usableBytes);
    selfTest = new SelfTest(config.node(), store, data, channels, peers, proc, targetPreflight);
    board.equip(
        new Surroundings(
            sessions,
            peers,
            new ProcessLookup(proc, config.node()),
            files,
            new SourcePreflight(kernel, proc, files, host.machine(), host.cpuFeatures()),
            targetPreflight,
            channels,
            config.controlAddress(),
            config.watchdogMs(),
            config.slots(),
            PEER_PATIENCE));
    report =
        new NodeReport(
            host,
            new NodeAddresses(config.controlAddress(), config.host().getHostAddress()),
            new io.procmig.api.v1alpha1.NodeAgent(version(), config.pod()),
            config.slots());
  }

  /**
   * Starts everything: modules, then what was left open, then peers, then orders.
   *
   * @throws IOException if an address cannot be bound or a certificate cannot be read
   */
  public void start() throws IOException {
    health = new HealthServer(config.healthAddress(), Optional::empty, this::unreadiness);
    kernel.establish();
    sessions.recover();
    server =
        ControlServer.start(
            new InetSocketAddress(config.host(), config.controlPort()),
            tls,
            new AgentEndpoint(board, sessions),
            calls);
    apiThread.scheduleWithFixedDelay(
        this::heartbeat, 0, config.heartbeat().toMillis(), TimeUnit.MILLISECONDS);
    apiThread.scheduleWithFixedDelay(
        this::sweep, SWEEP.toSeconds(), SWEEP.toSeconds(), TimeUnit.SECONDS);
    orders.follow(board);
    log.info(
        "node {}: agent {} serves peers at {}", config.node(), version(), config.controlAddress());
  }

  /** The port of the control channel. */
  public int controlPort() {
    return server.port();
  }

  /**
   * Orderly end: nothing new, what is committed is completed within a bound, the rest is undone.
   */
  @Override
  public void close() {
    stopping = true;
    log.info("node {}: stopping", config.node());
    board.close();
    apiThread.execute(this::heartbeat);
    sessions.close(
        new Cause(
            Reason.AgentRestarted,
            Component.SourceAgent,
            "Stop",
            "the agent of node "
                + config.node()
                + " was stopped before the migration was committed and undid it. "
                + Reason.AgentRestarted.nextStep()));
    awaitSessions();
    orders.unfollow();
    if (server != null) {
      server.close();
    }
    end(boardThread);
    end(apiThread);
    orders.flush();
    peers.close();
    calls.shutdownNow();
    if (config.unloadOnExit()) {
      kernel.unload();
    } else {
      kernel.close();
    }
    if (health != null) {
      health.close();
    }
    orders.close();
    log.info("node {}: stopped", config.node());
  }

  private void awaitSessions() {
    try {
      if (!sessions.awaitNone(config.exitTimeout())) {
        log.warn(
            "node {}: {} migrations are left to the next run of the agent",
            config.node(),
            sessions.open());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void heartbeat() {
    try {
      kernel.establish();
      published |= orders.publish(before -> report.build(observe(), before, clock.instant()));
      if (!stopping && selfTest.problem().isPresent()) {
        calls.execute(() -> selfTest.run(config.hostLiteral() + ":" + server.port()));
      }
    } catch (RuntimeException e) {
      log.error("node {}: a heartbeat failed", config.node(), e);
    }
  }

  private void sweep() {
    try {
      int removed = store.collect(TOKEN_AGE);
      stub.sweep(sessions::isOpen);
      log.debug("node {}: {} old tokens removed", config.node(), removed);
    } catch (RuntimeException e) {
      log.error("node {}: a sweep failed", config.node(), e);
    }
  }

  private Optional<String> unreadiness() {
    return published
        ? selfTest.problem()
        : Optional.of("the MigrationNode has not been published yet");
  }

  private NodeReport.Observation observe() {
    Optional<KernelAccess.Problem> problem = kernel.problem();
    if (problem.isEmpty()) {
      try {
        return new NodeReport.Observation(
            null,
            null,
            kernel.info(),
            kernel.components(),
            kernel.stateKinds(),
            modules.ours(),
            sessions.open(),
            stopping);
      } catch (KernelException e) {
        problem =
            Optional.of(new KernelAccess.Problem(Reason.ModuleLoadFailed, NodeReport.problem(e)));
      }
    }
    return new NodeReport.Observation(
        problem.get().message(),
        problem.get().reason(),
        null,
        List.of(),
        List.of(),
        modules.ours(),
        sessions.open(),
        stopping);
  }

  private static String version() {
    String version = NodeAgent.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static void end(ExecutorService executor) {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(2, TimeUnit.SECONDS)) {
        executor.shutdownNow();
      }
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private static ScheduledExecutorService scheduled(String name) {
    ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, daemons(name));
    executor.setRemoveOnCancelPolicy(true);
    executor.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return executor;
  }

  private static ExecutorService pool(String name) {
    return new ThreadPoolExecutor(
        0,
        CALLS,
        10,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        daemons(name),
        new ThreadPoolExecutor.CallerRunsPolicy());
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger number = new AtomicInteger();
    return work -> {
      Thread thread = new Thread(work, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Runs an agent until the process is told to end. */
  public static void main(String[] arguments) throws Exception {
    AgentConfig config;
    try {
      config = AgentConfig.from(System.getenv());
    } catch (InvalidSettingException e) {
      System.err.println("procmig agent: " + e.getMessage());
      System.exit(2);
      return;
    }
    Logs.configure(config.logLevel());
    NodeAgent agent = new NodeAgent(config, apiThread -> orders(config, apiThread));
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  agent.close();
                  ended.countDown();
                },
                "procmig-end"));
    agent.start();
    ended.await();
  }

  private static Orders orders(AgentConfig config, ScheduledExecutorService apiThread) {
    if (config.clusterOrders()) {
      return new ClusterOrders(ApiConnection.open(), config.node(), apiThread);
    }
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, UTF_8);
    // Ends as on SIGTERM.
    return new StreamOrders(config.node(), System.in, out, () -> System.exit(0));
  }
}
