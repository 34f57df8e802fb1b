// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.token.DurableState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Two machines, their disks, kernels and agents, a link, one process, and time, all in one thread
 * and the same in every run. Everything that an agent does to the world outside itself is an
 * effect; a fault happens at an effect of a given number.
 */
final class World {
  static final String SOURCE = "node-a";
  static final String TARGET = "node-b";
  static final Token TOKEN = Token.parse("000102030405060708090a0b0c0d0e0f");
  static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final long RESTART = 3 * SECOND;
  private static final long CUT = 25 * SECOND;
  private static final long CALL = 3 * SECOND;
  private static final long END = 40 * 60 * SECOND;

  /** What goes wrong at an effect. */
  enum Fault {
    KILL_SELF_BEFORE,
    KILL_SELF_AFTER,
    KILL_OTHER,
    REBOOT_SELF_BEFORE,
    REBOOT_SELF_AFTER,
    REBOOT_OTHER,
    CUT_CONTROL,
    CUT_ALL,
    DROP_MESSAGE,
    DUPLICATE_MESSAGE,
    KILL_STUB
  }

  /** A fault and where it strikes. */
  record Strike(int effect, Fault fault) {}

  /** The process on one machine. */
  enum Copy {
    ABSENT,
    RUNNABLE,
    FROZEN,
    PREPARED,
    DEAD
  }

  /** An agent has been killed in the middle of something. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  private record Due(long time, long order, Runnable work) {}

  private final PriorityQueue<Due> queue =
      new PriorityQueue<>(Comparator.comparingLong(Due::time).thenComparingLong(Due::order));
  private final List<Strike> strikes;
  final List<String> effects = new ArrayList<>();
  final List<String> history = new ArrayList<>();
  final Machine source = new Machine(SOURCE);
  final Machine target = new Machine(TARGET);
  final Map<Integer, FakeDataPlane.Listener> listeners = new HashMap<>();
  private final Map<Machine, Copy> copies = new HashMap<>();
  private long now;
  private long order;
  private boolean dropNext;
  private boolean duplicateNext;
  private long controlCutUntil;
  boolean sourceTaskOver;
  boolean targetTaskOver;

  /** Machines on which somebody else has destroyed the copy. */
  private final Set<Machine> destroyed = new HashSet<>();

  /** Whether nothing that an agent can do would bring the process back. */
  boolean processLost;

  SourceReport lastSourceReport;
  TargetReport lastTargetReport;

  World(List<Strike> strikes) {
    this.strikes = strikes;
    copies.put(source, Copy.RUNNABLE);
    copies.put(target, Copy.ABSENT);
  }

  /* ---- time ---- */

  long now() {
    return now;
  }

  Loop.Timer at(long delay, Runnable work) {
    boolean[] canceled = new boolean[1];
    queue.add(new Due(now + delay, order++, () -> run(canceled, work)));
    return () -> canceled[0] = true;
  }

  private static void run(boolean[] canceled, Runnable work) {
    if (!canceled[0]) {
      work.run();
    }
  }

  /** Runs until nothing is due any more, or the time is over. */
  void settle() {
    source.boot();
    target.boot();
    while (!queue.isEmpty() && queue.peek().time() < END) {
      Due due = queue.poll();
      now = due.time();
      try {
        due.work().run();
      } catch (Killed e) {
        // The agent is gone; the world goes on.
        history.add("  (killed)");
      }
    }
  }

  boolean isSettled() {
    return queue.isEmpty();
  }

  /* ---- effects ---- */

  <T> T effect(Agent who, String what, Supplier<T> work) {
    who.mustLive();
    int number = effects.size();
    effects.add(who.machine.name + " " + what);
    history.add(number + " t=" + now / MS + "ms " + who.machine.name + ": " + what);
    Machine other = who.machine == source ? target : source;
    for (Strike strike : strikes) {
      if (strike.effect() != number) {
        continue;
      }
      history.add("  *** " + strike.fault());
      switch (strike.fault()) {
        case KILL_SELF_BEFORE -> {
          who.machine.killAgent();
          throw new Killed();
        }
        case KILL_SELF_AFTER -> {
          T unused = work.get();
          who.machine.killAgent();
          throw new Killed();
        }
        case KILL_OTHER -> other.killAgent();
        case REBOOT_SELF_BEFORE -> {
          who.machine.reboot();
          throw new Killed();
        }
        case REBOOT_SELF_AFTER -> {
          T unused = work.get();
          who.machine.reboot();
          throw new Killed();
        }
        case REBOOT_OTHER -> other.reboot();
        case CUT_CONTROL -> controlCutUntil = now + CUT;
        case CUT_ALL -> {
          controlCutUntil = now + CUT;
          source.kernel.breakWires();
          target.kernel.breakWires();
        }
        case DROP_MESSAGE -> dropNext = true;
        case DUPLICATE_MESSAGE -> duplicateNext = true;
        case KILL_STUB -> {
          target.kernel.killStub();
          destroyed.add(target);
          processLost |= destroyed.size() == 2;
        }
      }
    }
    return work.get();
  }

  void effect(Agent who, String what, Runnable work) {
    effect(
        who,
        what,
        () -> {
          work.run();
          return null;
        });
  }

  /* ---- the process ---- */

  Copy copy(Machine machine) {
    return copies.get(machine);
  }

  void setCopy(Machine machine, Copy copy) {
    history.add("  process on " + machine.name + ": " + copy);
    copies.put(machine, copy);
    if (copies.get(source) == Copy.RUNNABLE && copies.get(target) == Copy.RUNNABLE) {
      throw new AssertionError("two copies can run\n" + String.join("\n", history));
    }
  }

  /* ---- machines and agents ---- */

  Machine other(Machine machine) {
    return machine == source ? target : source;
  }

  final class Machine {
    final String name;
    final MemoryTokenStore disk = new MemoryTokenStore();
    FakeKernel kernel = new FakeKernel(World.this, this);
    Agent agent;
    int boots = 1;

    Machine(String name) {
      this.name = name;
    }

    String bootId() {
      return name + "-boot-" + boots;
    }

    void boot() {
      agent = new Agent(this);
      Agent started = agent;
      at(
          0,
          () -> {
            if (!started.dead) {
              started.begin();
            }
          });
    }

    void killAgent() {
      if (agent == null || agent.dead) {
        return;
      }
      agent.dead = true;
      history.add("  agent of " + name + " killed");
      kernel.closeAll(agent);
      at(RESTART, this::boot);
    }

    void reboot() {
      DurableState state = disk.stateOf(TOKEN);
      boolean holdsProcess =
          copy(this) == Copy.RUNNABLE
              || this == source && (state == null || state == DurableState.PREPARED)
              || this == target
                  && (state == DurableState.RESUMING
                      || state == DurableState.RUNNING
                      || state == DurableState.FINISHED);
      processLost |= holdsProcess;
      destroyed.add(this);
      processLost |= destroyed.size() == 2;
      boolean agentWasThere = agent != null && !agent.dead;
      if (agentWasThere) {
        agent.dead = true;
      }
      history.add("  " + name + " rebooted");
      kernel.powerOff();
      kernel = new FakeKernel(World.this, this);
      if (copy(this) != Copy.ABSENT) {
        setCopy(this, Copy.DEAD);
      }
      boots++;
      if (agentWasThere) {
        at(RESTART, this::boot);
      }
    }
  }

  /** One run of an agent. */
  final class Agent implements TaskDirectory {
    final Machine machine;
    final Sessions sessions;
    boolean dead;

    Agent(Machine machine) {
      this.machine = machine;
      this.sessions =
          new Sessions(
              new Sessions.Ports(
                  machine.name,
                  new FakeKernel.View(this),
                  new MemoryTokenStore.View(World.this, this),
                  address -> new Link(this),
                  address -> new Link(this),
                  new FakeDataPlane(World.this, this),
                  new Stub(this),
                  (request, sink) -> machine.kernel.watch(this, request, sink),
                  () -> new ModelLoop(this),
                  TransferLimits.DEFAULT),
              this);
    }

    void mustLive() {
      if (dead) {
        throw new Killed();
      }
    }

    void begin() {
      sessions.recover();
      if (machine == target && !targetTaskOver) {
        sessions.replay(targetTask(), TOKEN);
      }
      if (machine == source && !sourceTaskOver && sessions.knows(TOKEN)) {
        sessions.replay(sourceTask(), TOKEN);
      } else if (machine == source && !sourceTaskOver) {
        sessions.begin(
            new SourceOrder(
                TOKEN,
                sourceTask(),
                4711,
                99,
                Selection.GROUP,
                TARGET,
                TARGET,
                SOURCE,
                Strategy.STOP_AND_COPY,
                List.of(),
                ChannelSpec.fresh(new SecureRandom(), 1, false),
                10_000,
                1_000));
      }
    }

    @Override
    public Optional<TaskRef> target(Token token, String sourceNode) {
      return Optional.of(targetTask());
    }

    @Override
    public void reported(TaskRef task, Token token, SourceReport report) {
      mustLive();
      lastSourceReport = report;
      sourceTaskOver |= report.state().isTerminal();
    }

    @Override
    public void reported(TaskRef task, Token token, TargetReport report) {
      mustLive();
      lastTargetReport = report;
      targetTaskOver |= report.state().isTerminal();
    }
  }

  private static TaskRef sourceTask() {
    return new TaskRef("default", "m-1-source", "uid-s", "m", SOURCE);
  }

  private static TaskRef targetTask() {
    return new TaskRef("default", "m-1-target", "uid-t", "m", TARGET);
  }

  private final class ModelLoop implements Loop {
    private final Agent agent;
    private boolean closed;

    ModelLoop(Agent agent) {
      this.agent = agent;
    }

    @Override
    public void post(Runnable work) {
      after(Duration.ZERO, work);
    }

    @Override
    public Timer after(Duration delay, Runnable work) {
      if (closed) {
        return () -> {};
      }
      return at(
          delay.toNanos(),
          () -> {
            if (!agent.dead && !closed) {
              work.run();
            }
          });
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private final class Stub implements StubLauncher {
    private final Agent agent;

    Stub(Agent agent) {
      this.agent = agent;
    }

    @Override
    public void launch(Order order) {
      effect(agent, "stub", () -> agent.machine.kernel.enter(order.token()));
    }

    @Override
    public String complaint(Token token) {
      return "";
    }
  }

  /* ---- the control link ---- */

  private final class Link implements TargetPeer, SourcePeer {
    private final Agent from;

    Link(Agent from) {
      this.from = from;
    }

    private <T> CompletableFuture<T> call(
        String what, Function<Sessions, CompletableFuture<T>> handler) {
      CompletableFuture<T> future = new CompletableFuture<>();
      at(CALL, () -> future.completeExceptionally(new IllegalStateException("no answer")));
      Machine to = other(from.machine);
      effect(
          from,
          "send " + what,
          () -> {
            boolean drop = dropNext || now < controlCutUntil;
            int times = duplicateNext ? 2 : 1;
            dropNext = false;
            duplicateNext = false;
            for (int i = 0; i < times && !drop; i++) {
              at((1 + 40L * i) * MS, () -> deliver(what, to, handler, future));
            }
          });
      return future;
    }

    private <T> void deliver(
        String what,
        Machine to,
        Function<Sessions, CompletableFuture<T>> handler,
        CompletableFuture<T> future) {
      Agent receiver = to.agent;
      if (receiver == null || receiver.dead) {
        future.completeExceptionally(new IllegalStateException("connection refused"));
        return;
      }
      handler
          .apply(receiver.sessions)
          .whenComplete(
              (value, failure) ->
                  effect(
                      receiver,
                      "reply to " + what,
                      () -> {
                        boolean drop = dropNext || now < controlCutUntil;
                        dropNext = false;
                        duplicateNext = false;
                        if (!drop) {
                          at(MS, () -> finish(future, value, failure));
                        }
                      }));
    }

    private <T> void finish(CompletableFuture<T> future, T value, Throwable failure) {
      if (failure == null) {
        future.complete(value);
      } else {
        future.completeExceptionally(failure);
      }
    }

    @Override
    public CompletableFuture<Prepared> prepare(PrepareOrder order) {
      return call("Prepare", sessions -> sessions.prepare(order));
    }

    @Override
    public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
      return call("Start", sessions -> sessions.start(token, monotonicNs, boottimeNs));
    }

    @Override
    public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
      return call("AwaitReady", sessions -> sessions.awaitReady(token, wait));
    }

    @Override
    public CompletableFuture<Answer> go(Token token) {
      return call("Go", sessions -> sessions.go(token));
    }

    @Override
    public CompletableFuture<Answer> abort(Token token, Cause cause) {
      return call("Abort", sessions -> sessions.abort(token, SOURCE, cause));
    }

    @Override
    public CompletableFuture<Answer> outcome(Token token) {
      return call(
          "Outcome", sessions -> CompletableFuture.completedFuture(sessions.outcome(token)));
    }
  }

  static KernelException kernelFailure(String operation, int errno) {
    return new KernelException(operation, "token " + TOKEN, errno);
  }

  static KernelException tooLate(String operation) {
    return kernelFailure(operation, Errno.EPROTO);
  }

  static InetSocketAddress address(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }
}
