// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.InspectOrder;
import io.procmig.agent.kernel.Inspection;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.KernelState;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.RequestEvent;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.RequestStatus;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.StateKind;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.token.TokenStore;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One migration of nothing to nowhere: both sides' sessions, in memory, with a kernel that agrees
 * to everything. A process that stands still shall not wait for the agent's classes to be loaded,
 * and an agent whose two sides cannot agree shall not be given one.
 */
public final class Rehearsal {
  private static final String HERE = "rehearsal";
  private static final Token TOKEN = Token.parse("e".repeat(32));
  private static final int PID = 1;

  private final Sessions source;
  private final Sessions target;
  private final CountDownLatch ended = new CountDownLatch(2);
  private volatile SourceState sourceEnd;

  private Rehearsal() {
    Directory tasks = new Directory();
    target = new Sessions(ports(null), tasks);
    source = new Sessions(ports(target), tasks);
  }

  /**
   * Rehearses.
   *
   * @return whether the migration took place within the time
   */
  public static boolean run(Duration timeout) throws InterruptedException {
    Rehearsal rehearsal = new Rehearsal();
    rehearsal.source.begin(
        new SourceOrder(
            TOKEN,
            task("source"),
            PID,
            0,
            Selection.TREE,
            HERE,
            HERE,
            HERE,
            Strategy.STOP_AND_COPY,
            List.of(),
            List.of(),
            1000,
            1000));
    return rehearsal.ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS)
        && rehearsal.sourceEnd == SourceState.FINISHED;
  }

  private static TaskRef task(String name) {
    return new TaskRef(HERE, name, HERE, HERE, HERE);
  }

  private Sessions.Ports ports(Sessions peer) {
    return new Sessions.Ports(
        HERE,
        new AgreeableKernel(),
        new Memory(),
        address -> new Neighbour(peer),
        address -> token -> CompletableFuture.completedFuture(source.outcome(token)),
        new NoData(),
        new NoStub(),
        new PollingWatch(Duration.ofMillis(100)),
        () -> new ThreadLoop(HERE),
        TransferLimits.DEFAULT);
  }

  private final class Directory implements TaskDirectory {
    @Override
    public Optional<TaskRef> target(Token token, String sourceNode) {
      return Optional.of(task("target"));
    }

    @Override
    public void reported(TaskRef task, Token token, SourceReport report) {
      if (report.state().isTerminal()) {
        sourceEnd = report.state();
        ended.countDown();
      }
    }

    @Override
    public void reported(TaskRef task, Token token, TargetReport report) {
      if (report.state().isTerminal()) {
        ended.countDown();
      }
    }
  }

  /** The other side, in this process. */
  private record Neighbour(Sessions sessions) implements TargetPeer {
    @Override
    public CompletableFuture<Prepared> prepare(PrepareOrder order) {
      return sessions.prepare(order);
    }

    @Override
    public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
      return sessions.start(token, monotonicNs, boottimeNs);
    }

    @Override
    public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
      return sessions.awaitReady(token, wait);
    }

    @Override
    public CompletableFuture<Answer> go(Token token) {
      return sessions.go(token);
    }

    @Override
    public CompletableFuture<Answer> abort(Token token, Cause cause) {
      return sessions.abort(token, HERE, cause);
    }

    @Override
    public CompletableFuture<Answer> outcome(Token token) {
      return CompletableFuture.completedFuture(sessions.outcome(token));
    }
  }

  private static final class Memory implements TokenStore {
    private final Map<String, TokenRecord> records = new ConcurrentHashMap<>();

    @Override
    public void write(TokenRecord record) {
      records.put(record.token(), record);
    }

    @Override
    public Optional<TokenRecord> read(Token token) {
      return Optional.ofNullable(records.get(token.toString()));
    }

    @Override
    public List<TokenRecord> readAll() {
      return new ArrayList<>(records.values());
    }

    @Override
    public String bootId() {
      return HERE;
    }
  }

  private static final class NoData implements DataPlane {
    private record NoChannels() implements Channels {
      @Override
      public List<SubmitOrder.Channel> descriptors() {
        return List.of(new SubmitOrder.Channel(-1, ChannelRole.DEMAND));
      }

      @Override
      public void close() {}
    }

    private record Nowhere() implements Listening {
      @Override
      public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      }

      @Override
      public void close() {}
    }

    @Override
    public Channels connect(InetSocketAddress address, List<ChannelSpec> channels) {
      return new NoChannels();
    }

    @Override
    public Listening listen(List<ChannelSpec> channels, Consumer<Channels> connected) {
      connected.accept(new NoChannels());
      return new Nowhere();
    }
  }

  private static final class NoStub implements StubLauncher {
    @Override
    public void launch(Order order) {}

    @Override
    public String complaint(Token token) {
      return "";
    }
  }

  /** Every process is migratable, every request succeeds at once. */
  private static final class AgreeableKernel implements Kernel {
    @Override
    public DeviceInfo info() {
      return new DeviceInfo(1, 1, 0, 0, 0, 0, 0, HERE);
    }

    @Override
    public List<LoadedComponent> components() {
      return List.of();
    }

    @Override
    public List<StateKind> stateKinds() {
      return List.of();
    }

    @Override
    public Inspection inspect(InspectOrder order) {
      return new Inspection(List.of(), 1, List.of(), 1, 1, 0, 0, Claims.NONE);
    }

    @Override
    public List<KernelObstacle> admit(Claims claims) {
      return List.of();
    }

    @Override
    public KernelRequest checkpoint(SubmitOrder order) {
      return new AgreeableRequest(RequestRole.SOURCE, KernelState.SAVING, KernelState.SAVED);
    }

    @Override
    public KernelRequest restart(SubmitOrder order) {
      return new AgreeableRequest(RequestRole.TARGET, KernelState.LOADING, KernelState.READY);
    }

    @Override
    public Optional<KernelRequest> attach(Token token) {
      return Optional.empty();
    }
  }

  private static final class AgreeableRequest implements KernelRequest {
    private final BlockingQueue<RequestEvent> events = new LinkedBlockingQueue<>();
    private final RequestRole role;
    private volatile KernelState state;

    AgreeableRequest(RequestRole role, KernelState... states) {
      this.role = role;
      for (KernelState next : states) {
        enter(next);
      }
    }

    private void enter(KernelState next) {
      state = next;
      events.add(new RequestEvent(next, 0, 1));
    }

    @Override
    public int id() {
      return 0;
    }

    @Override
    public RequestStatus status() {
      return new RequestStatus(0, role, state, PID, 0, 0, 1, 1, 1, 1, 1, 1, 1, "");
    }

    @Override
    public void commit() {
      enter(role == RequestRole.SOURCE ? KernelState.COMMITTED : KernelState.RUNNING);
    }

    @Override
    public void abort() {
      enter(KernelState.ABORTED);
    }

    @Override
    public void abortNeverRan() {
      enter(KernelState.ABORTED);
    }

    @Override
    public void finish() {
      enter(KernelState.FINISHED);
    }

    @Override
    public List<RequestEvent> awaitEvents(Duration timeout) {
      try {
        RequestEvent event = events.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
        return event == null ? List.of() : List.of(event);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return List.of();
      }
    }

    @Override
    public void close() {}
  }
}
