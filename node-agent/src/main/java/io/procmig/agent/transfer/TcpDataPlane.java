// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.DataListener;
import io.procmig.agent.kernel.DataSocket;
import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TCP connections with kernel TLS. On each connection the source says in clear which channel it is;
 * the target sets its receiving key and answers in clear; from then on both directions are
 * encrypted, and one byte each way proves both keys before a kernel request gets the descriptor.
 */
public final class TcpDataPlane implements DataPlane {
  private static final Logger LOG = LoggerFactory.getLogger(TcpDataPlane.class);
  private static final Duration IO = Duration.ofSeconds(5);
  private static final Duration ACCEPT = Duration.ofMillis(250);
  private static final byte[] MAGIC = {'P', 'M', 'I', 'G'};
  private static final byte KEYED = 'K';
  private static final byte PROBE = 'P';
  private static final byte PROVED = 'Q';

  private final InetAddress host;
  private final Runnable loadTls;
  private final long bandwidth;

  /**
   * A data plane.
   *
   * @param host address of this node that others connect to
   * @param loadTls makes the kernel's TLS available, or throws {@link TransferException}
   * @param bandwidth bytes per second that the memory of one migration may use; 0: unlimited
   */
  public TcpDataPlane(InetAddress host, Runnable loadTls, long bandwidth) {
    this.host = host;
    this.loadTls = loadTls;
    this.bandwidth = bandwidth;
  }

  @Override
  public Channels connect(InetSocketAddress address, List<ChannelSpec> specs) {
    OpenChannels channels = new OpenChannels(specs);
    try {
      if (usesTls(specs)) {
        loadTls.run();
      }
      for (int i = 0; i < specs.size(); i++) {
        DataSocket socket = DataSocket.connect(address, IO);
        channels.put(i, socket);
        greet(socket, specs.get(i));
        if (bandwidth > 0 && specs.get(i).role() == ChannelRole.BULK) {
          socket.limitRate(Math.max(1, bandwidth / (specs.size() - 1)));
        }
      }
      channels.handOver();
      return channels;
    } catch (KernelException e) {
      channels.close();
      throw new TransferException(
          new Cause(
              Reason.TransferInterrupted,
              Component.SourceAgent,
              "Connect",
              "cannot set up a data connection to "
                  + address
                  + ": "
                  + e.getMessage()
                  + ". Check that the nodes reach each other on all TCP ports"),
          e);
    } catch (TransferException e) {
      channels.close();
      throw e;
    }
  }

  @Override
  public Listening listen(List<ChannelSpec> specs, Consumer<Channels> connected) {
    if (usesTls(specs)) {
      loadTls.run();
    }
    DataListener listener;
    try {
      listener = DataListener.open(host);
    } catch (KernelException e) {
      throw new TransferException(
          new Cause(
              Reason.InternalError,
              Component.TargetAgent,
              "Prepare",
              "cannot listen for data on " + host.getHostAddress() + ": " + e.getMessage()),
          e);
    }
    Acceptor acceptor = new Acceptor(listener, specs, connected);
    Thread thread = new Thread(acceptor, "procmig-accept-" + listener.address().getPort());
    thread.setDaemon(true);
    thread.start();
    return acceptor;
  }

  private static void greet(DataSocket socket, ChannelSpec spec) {
    socket.send(concat(MAGIC, spec.id()));
    expect(socket, KEYED);
    if (spec.sourceToTarget() != null) {
      socket.attachTls();
      socket.sendWith(spec.sourceToTarget());
      socket.receiveWith(spec.targetToSource());
    }
    socket.send(new byte[] {PROBE});
    expect(socket, PROVED);
  }

  private static void expect(DataSocket socket, byte value) {
    byte got = socket.receive(1)[0];
    if (got != value) {
      throw new KernelException(
          "greeting byte " + got + " instead of " + value, "data", Errno.EPROTO);
    }
  }

  private static boolean usesTls(List<ChannelSpec> specs) {
    return specs.stream().anyMatch(spec -> spec.sourceToTarget() != null);
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** Accepts until every channel is connected; a connection that is none of them is dropped. */
  private static final class Acceptor implements Runnable, Listening {
    private final DataListener listener;
    private final List<ChannelSpec> specs;
    private final Consumer<Channels> connected;
    private final AtomicBoolean closed = new AtomicBoolean();

    Acceptor(DataListener listener, List<ChannelSpec> specs, Consumer<Channels> connected) {
      this.listener = listener;
      this.specs = specs;
      this.connected = connected;
    }

    @Override
    public InetSocketAddress address() {
      return listener.address();
    }

    @Override
    public void close() {
      closed.set(true);
    }

    @Override
    public void run() {
      OpenChannels channels = new OpenChannels(specs);
      try (listener) {
        while (!closed.get()) {
          DataSocket socket = listener.accept(ACCEPT, IO).orElse(null);
          if (socket != null && admit(socket, channels)) {
            return;
          }
        }
      } catch (KernelException e) {
        LOG.error("data listener {}: {}", listener.address(), e.getMessage());
      }
      channels.close();
    }

    /** Whether this was the last channel; then all of them are handed over. */
    private boolean admit(DataSocket socket, OpenChannels channels) {
      try {
        byte[] greeting = socket.receive(MAGIC.length + ChannelSpec.ID_BYTES);
        int index = indexOf(greeting);
        if (index < 0 || channels.has(index)) {
          LOG.warn(
              "data listener {}: a connection that is no channel was dropped", listener.address());
          socket.close();
          return false;
        }
        ChannelSpec spec = specs.get(index);
        if (spec.sourceToTarget() != null) {
          socket.attachTls();
          socket.receiveWith(spec.sourceToTarget());
        }
        socket.send(new byte[] {KEYED});
        if (spec.targetToSource() != null) {
          socket.sendWith(spec.targetToSource());
        }
        expect(socket, PROBE);
        channels.put(index, socket);
        boolean last = channels.complete();
        if (last) {
          channels.handOver();
          connected.accept(channels);
        }
        // Only now, so that an order which follows finds the channels in place.
        socket.send(new byte[] {PROVED});
        return last;
      } catch (KernelException e) {
        LOG.warn("data listener {}: a connection failed: {}", listener.address(), e.getMessage());
        socket.close();
        return false;
      }
    }

    private int indexOf(byte[] greeting) {
      if (!Arrays.equals(MAGIC, Arrays.copyOf(greeting, MAGIC.length))) {
        return -1;
      }
      byte[] id = Arrays.copyOfRange(greeting, MAGIC.length, greeting.length);
      for (int i = 0; i < specs.size(); i++) {
        if (Arrays.equals(specs.get(i).id(), id)) {
          return i;
        }
      }
      return -1;
    }
  }

  /** Sockets in the order of their specifications. */
  private static final class OpenChannels implements Channels {
    private final List<ChannelSpec> specs;
    private final DataSocket[] sockets;

    OpenChannels(List<ChannelSpec> specs) {
      this.specs = specs;
      this.sockets = new DataSocket[specs.size()];
    }

    void put(int index, DataSocket socket) {
      sockets[index] = socket;
    }

    boolean has(int index) {
      return sockets[index] != null;
    }

    boolean complete() {
      return Arrays.stream(sockets).allMatch(socket -> socket != null);
    }

    void handOver() {
      for (DataSocket socket : sockets) {
        socket.handOver();
      }
    }

    @Override
    public List<SubmitOrder.Channel> descriptors() {
      List<SubmitOrder.Channel> descriptors = new ArrayList<>();
      for (int i = 0; i < sockets.length; i++) {
        descriptors.add(new SubmitOrder.Channel(sockets[i].number(), specs.get(i).role()));
      }
      return descriptors;
    }

    @Override
    public void close() {
      for (DataSocket socket : sockets) {
        if (socket != null) {
          socket.close();
        }
      }
    }
  }
}
