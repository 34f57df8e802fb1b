// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/** Data connections of the model: one wire with two ends. */
final class FakeDataPlane implements DataPlane {
  /** A connection; each end is held by an agent, by a kernel's request, or by both. */
  static final class Wire {
    final End source = new End();
    final End target = new End();
    boolean broken;
    boolean everythingSent;

    final class End {
      World.Agent agentHolds;
      FakeKernel.Request kernelHolds;

      Wire wire() {
        return Wire.this;
      }

      boolean isHeld() {
        return agentHolds != null && !agentHolds.dead || kernelHolds != null;
      }
    }
  }

  /** A listener of the model. */
  final class Listener implements Listening {
    private final int port;
    private final Consumer<Channels> connected;
    private boolean open = true;

    Listener(int port, Consumer<Channels> connected) {
      this.port = port;
      this.connected = connected;
    }

    @Override
    public InetSocketAddress address() {
      return World.address(port);
    }

    @Override
    public void close() {
      open = false;
    }

    Channels channels(Wire wire) {
      return new FakeChannels(wire.target);
    }

    boolean accepts() {
      return open && !agent.dead;
    }
  }

  private final class FakeChannels implements Channels {
    private final Wire.End end;

    FakeChannels(Wire.End end) {
      this.end = end;
      end.agentHolds = agent;
    }

    @Override
    public List<SubmitOrder.Channel> descriptors() {
      int number = agent.machine.kernel.register(end);
      return List.of(
          new SubmitOrder.Channel(number, ChannelRole.DEMAND),
          new SubmitOrder.Channel(number, ChannelRole.BULK));
    }

    @Override
    public void close() {
      end.agentHolds = null;
      world.source.kernel.wiresChanged();
      world.target.kernel.wiresChanged();
    }
  }

  private final World world;
  private final World.Agent agent;

  FakeDataPlane(World world, World.Agent agent) {
    this.world = world;
    this.agent = agent;
  }

  @Override
  public Channels connect(InetSocketAddress address, List<ChannelSpec> channels) {
    return world.effect(
        agent,
        "connect",
        () -> {
          Listener listener = world.listeners.get(address.getPort());
          if (listener == null || !listener.accepts()) {
            throw new TransferException(
                new Cause(
                    Reason.TransferInterrupted, Component.SourceAgent, "Connect", "nobody listens"),
                null);
          }
          Wire wire = new Wire();
          FakeChannels mine = new FakeChannels(wire.source);
          listener.connected.accept(listener.channels(wire));
          return mine;
        });
  }

  @Override
  public Listening listen(List<ChannelSpec> channels, Consumer<Channels> connected) {
    return world.effect(
        agent,
        "listen",
        () -> {
          int port = 1000 + world.listeners.size();
          Listener listener = new Listener(port, connected);
          world.listeners.put(port, listener);
          return listener;
        });
  }
}
