// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.Errno;
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
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.kernel.Token;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The modules of one machine, by the rules of {@code procmig.h}: states and who may move between
 * them, what closing the last descriptor means, the watchdog, and that a committed source thaws
 * only with proof.
 */
final class FakeKernel {
  private static final long WATCHDOG = 10_000 * World.MS;

  /** A request. */
  final class Request {
    final Token token;
    final RequestRole role;
    final int id;
    final FakeDataPlane.Wire.End end;
    final List<World.Agent> handles = new ArrayList<>();
    final List<Consumer<RequestEvent>> watchers = new ArrayList<>();
    KernelState state = KernelState.NEW;
    int error;
    long frozenNs;
    long savedNs;
    long readyNs;
    long decidedNs;

    Request(Token token, RequestRole role, int id, FakeDataPlane.Wire.End end) {
      this.token = token;
      this.role = role;
      this.id = id;
      this.end = end;
      end.kernelHolds = this;
    }

    boolean mayAbort() {
      return switch (state) {
        case NEW, QUIESCING, SAVING, SAVED, LOADING, READY -> true;
        case COMMITTED, RUNNING, FINISHED, ABORTING, ABORTED -> false;
      };
    }

    boolean needsDescriptor() {
      return mayAbort() && state != KernelState.READY;
    }

    boolean isFinal() {
      return state == KernelState.FINISHED || state == KernelState.ABORTED;
    }

    void enter(KernelState next) {
      world.history.add("  kernel of " + machine.name + ": " + state + " -> " + next);
      state = next;
      RequestEvent event = new RequestEvent(next, world.now(), 0);
      for (Consumer<RequestEvent> watcher : List.copyOf(watchers)) {
        watcher.accept(event);
      }
      if (isFinal()) {
        end.kernelHolds = null;
        wireChanged(end);
        dropIfUnused(this);
      }
    }

    void abort(int why) {
      error = why;
      enter(KernelState.ABORTING);
      decidedNs = world.now();
      if (role == RequestRole.SOURCE) {
        if (world.copy(machine) == World.Copy.FROZEN) {
          world.setCopy(machine, World.Copy.RUNNABLE);
        }
      } else if (world.copy(machine) == World.Copy.PREPARED) {
        world.setCopy(machine, World.Copy.DEAD);
      }
      enter(KernelState.ABORTED);
    }
  }

  private final World world;
  private final World.Machine machine;
  private final Map<Token, Request> requests = new HashMap<>();
  private final Map<Integer, FakeDataPlane.Wire.End> descriptors = new HashMap<>();
  private int lastId;
  private boolean off;

  FakeKernel(World world, World.Machine machine) {
    this.world = world;
    this.machine = machine;
  }

  int register(FakeDataPlane.Wire.End end) {
    int number = 100 + descriptors.size();
    descriptors.put(number, end);
    return number;
  }

  Request request(Token token) {
    return requests.get(token);
  }

  boolean isEmpty() {
    return requests.isEmpty();
  }

  /** Does something later unless the machine goes down or the request moves on. */
  private void later(long delay, Request request, KernelState expected, Runnable work) {
    world.at(
        delay,
        () -> {
          if (!off && request.state == expected) {
            work.run();
          }
        });
  }

  private Request submit(World.Agent agent, SubmitOrder order, RequestRole role) {
    if (requests.containsKey(order.token())) {
      throw World.kernelFailure("submit", Errno.EEXIST);
    }
    // The target learns from the stream who takes part.
    if (order.selection() != (role == RequestRole.SOURCE ? Selection.GROUP : Selection.TREE)) {
      throw World.kernelFailure("submit", Errno.EINVAL);
    }
    FakeDataPlane.Wire.End end = descriptors.get(order.channels().get(0).descriptor());
    Request request = new Request(order.token(), role, ++lastId, end);
    request.handles.add(agent);
    requests.put(order.token(), request);
    world.at(
        WATCHDOG,
        () -> {
          if (!off && request.needsDescriptor()) {
            request.abort(Errno.ETIMEDOUT);
          }
        });
    if (end.wire().broken) {
      wireChanged(end);
    }
    if (role == RequestRole.SOURCE) {
      later(World.MS, request, KernelState.NEW, () -> quiesce(request));
    }
    return request;
  }

  private void quiesce(Request request) {
    request.enter(KernelState.QUIESCING);
    later(
        World.MS,
        request,
        KernelState.QUIESCING,
        () -> {
          request.frozenNs = world.now();
          world.setCopy(machine, World.Copy.FROZEN);
          request.enter(KernelState.SAVING);
          later(5 * World.MS, request, KernelState.SAVING, () -> saved(request));
        });
  }

  private void saved(Request request) {
    request.savedNs = world.now();
    request.end.wire().everythingSent = true;
    request.enter(KernelState.SAVED);
    world.other(machine).kernel.load();
  }

  /** The stub enters. */
  void enter(Token token) {
    Request request = requests.get(token);
    if (request == null || request.state != KernelState.NEW) {
      return;
    }
    later(
        World.MS,
        request,
        KernelState.NEW,
        () -> {
          world.setCopy(machine, World.Copy.PREPARED);
          request.enter(KernelState.LOADING);
          load();
        });
  }

  private void load() {
    for (Request request : List.copyOf(requests.values())) {
      if (request.state == KernelState.LOADING && request.end.wire().everythingSent) {
        later(
            2 * World.MS,
            request,
            KernelState.LOADING,
            () -> {
              request.readyNs = world.now();
              request.enter(KernelState.READY);
            });
      }
    }
  }

  /** Somebody kills the task that is being rebuilt. */
  void killStub() {
    for (Request request : List.copyOf(requests.values())) {
      if (request.role == RequestRole.TARGET && request.mayAbort()) {
        request.abort(Errno.ESRCH);
      }
    }
  }

  void breakWires() {
    for (Request request : List.copyOf(requests.values())) {
      request.end.wire().broken = true;
      wireChanged(request.end);
    }
  }

  void wiresChanged() {
    for (Request request : List.copyOf(requests.values())) {
      wireChanged(request.end);
    }
  }

  /** An end that nobody holds breaks the wire, and whoever still needs it notices. */
  private void wireChanged(FakeDataPlane.Wire.End end) {
    FakeDataPlane.Wire wire = end.wire();
    if (!wire.source.isHeld() || !wire.target.isHeld()) {
      wire.broken = true;
    }
    if (!wire.broken) {
      return;
    }
    for (FakeDataPlane.Wire.End side : List.of(wire.source, wire.target)) {
      Request user = side.kernelHolds;
      if (user == null) {
        continue;
      }
      boolean sending = user.role == RequestRole.SOURCE && !wire.everythingSent;
      boolean receiving =
          user.role == RequestRole.TARGET && user.needsDescriptor() && !wire.everythingSent;
      if ((sending || receiving) && user.mayAbort()) {
        world.at(
            World.MS,
            () -> {
              if (side.kernelHolds == user && user.needsDescriptor()) {
                user.abort(Errno.ECONNRESET);
              }
            });
      }
    }
  }

  void closeAll(World.Agent agent) {
    for (Request request : List.copyOf(requests.values())) {
      request.handles.removeIf(holder -> holder == agent);
      released(request);
    }
    world.source.kernel.wiresChanged();
    world.target.kernel.wiresChanged();
  }

  private void released(Request request) {
    if (request.handles.isEmpty() && request.needsDescriptor()) {
      request.abort(Errno.ECANCELED);
    }
    dropIfUnused(request);
  }

  private void dropIfUnused(Request request) {
    if (request.isFinal() && request.handles.isEmpty()) {
      requests.remove(request.token);
    }
  }

  void powerOff() {
    off = true;
    for (Request request : requests.values()) {
      request.end.kernelHolds = null;
      wireChanged(request.end);
    }
    requests.clear();
  }

  RequestWatch.Watching watch(
      World.Agent agent, KernelRequest handle, Consumer<List<RequestEvent>> sink) {
    Request request = ((Handle) handle).request;
    Consumer<RequestEvent> watcher =
        event ->
            world.at(
                World.MS,
                () -> {
                  if (!agent.dead) {
                    sink.accept(List.of(event));
                  }
                });
    request.watchers.add(watcher);
    watcher.accept(new RequestEvent(request.state, world.now(), 0));
    return handle::close;
  }

  /** The device as one run of an agent uses it. */
  static final class View implements Kernel {
    private final World.Agent agent;

    View(World.Agent agent) {
      this.agent = agent;
    }

    private FakeKernel kernel() {
      agent.mustLive();
      return agent.machine.kernel;
    }

    @Override
    public DeviceInfo info() {
      long now = kernel().world.now();
      return new DeviceInfo(1, 1, kernel().requests.size(), now, now, 7, 832, "6.1.0");
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
      FakeKernel kernel = kernel();
      if (kernel.world.copy(agent.machine) != World.Copy.RUNNABLE) {
        throw World.kernelFailure("inspect", Errno.ESRCH);
      }
      return new Inspection(
          List.of(), 3, List.of(), 3, 1 << 20, kernel.world.now(), kernel.world.now(), Claims.NONE);
    }

    @Override
    public List<KernelObstacle> admit(Claims claims) {
      return List.of();
    }

    @Override
    public KernelRequest checkpoint(SubmitOrder order) {
      return kernel()
          .world
          .effect(
              agent,
              "checkpoint",
              () -> {
                if (kernel().world.copy(agent.machine) != World.Copy.RUNNABLE) {
                  throw World.kernelFailure("checkpoint", Errno.ESRCH);
                }
                return new Handle(agent, kernel().submit(agent, order, RequestRole.SOURCE));
              });
    }

    @Override
    public KernelRequest restart(SubmitOrder order) {
      return kernel()
          .world
          .effect(
              agent,
              "restart",
              () -> new Handle(agent, kernel().submit(agent, order, RequestRole.TARGET)));
    }

    @Override
    public Optional<KernelRequest> attach(Token token) {
      return kernel()
          .world
          .effect(
              agent,
              "attach",
              () ->
                  Optional.ofNullable(kernel().requests.get(token))
                      .map(
                          request -> {
                            request.handles.add(agent);
                            return new Handle(agent, request);
                          }));
    }
  }

  /** A descriptor of a request. */
  private static final class Handle implements KernelRequest {
    private final World.Agent agent;
    private final Request request;
    private boolean closed;

    Handle(World.Agent agent, Request request) {
      this.agent = agent;
      this.request = request;
    }

    private FakeKernel kernel() {
      agent.mustLive();
      if (closed) {
        throw World.kernelFailure("use", Errno.EBADF);
      }
      return agent.machine.kernel;
    }

    @Override
    public int id() {
      return request.id;
    }

    @Override
    public RequestStatus status() {
      kernel();
      return new RequestStatus(
          request.id,
          request.role,
          request.state,
          4711,
          request.error,
          0,
          1 << 20,
          1 << 20,
          1,
          request.frozenNs,
          request.savedNs,
          request.readyNs,
          request.decidedNs,
          "");
    }

    @Override
    public void commit() {
      kernel()
          .world
          .effect(
              agent,
              "kernel commit",
              () -> {
                World.Machine machine = agent.machine;
                if (request.state == KernelState.SAVED) {
                  request.decidedNs = kernel().world.now();
                  request.enter(KernelState.COMMITTED);
                } else if (request.state == KernelState.READY) {
                  request.decidedNs = kernel().world.now();
                  kernel().world.setCopy(machine, World.Copy.RUNNABLE);
                  request.enter(KernelState.RUNNING);
                } else {
                  throw World.tooLate("commit");
                }
              });
    }

    @Override
    public void abort() {
      kernel()
          .world
          .effect(
              agent,
              "kernel abort",
              () -> {
                if (!request.mayAbort()) {
                  throw World.tooLate("abort");
                }
                request.abort(Errno.ECANCELED);
              });
    }

    @Override
    public void abortNeverRan() {
      kernel()
          .world
          .effect(
              agent,
              "kernel abort (never ran)",
              () -> {
                if (request.state != KernelState.COMMITTED) {
                  throw World.tooLate("abort");
                }
                request.abort(Errno.ECANCELED);
              });
    }

    @Override
    public void finish() {
      kernel()
          .world
          .effect(
              agent,
              "kernel finish",
              () -> {
                if (request.state == KernelState.COMMITTED) {
                  kernel().world.setCopy(agent.machine, World.Copy.DEAD);
                } else if (request.state != KernelState.RUNNING) {
                  throw World.tooLate("finish");
                }
                request.enter(KernelState.FINISHED);
              });
    }

    @Override
    public List<RequestEvent> awaitEvents(Duration timeout) {
      throw new UnsupportedOperationException("the model watches by itself");
    }

    @Override
    public void close() {
      if (!closed) {
        kernel();
        closed = true;
        request.handles.remove(agent);
        agent.machine.kernel.released(request);
      }
    }
  }
}
