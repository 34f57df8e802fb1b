// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.procmig.agent.control.v1.AgentControlGrpc;
import io.procmig.agent.control.v1.AgentControlGrpc.AgentControlStub;
import io.procmig.agent.control.v1.AwaitReadyRequest;
import io.procmig.agent.control.v1.GoRequest;
import io.procmig.agent.control.v1.OutcomeReply;
import io.procmig.agent.control.v1.OutcomeRequest;
import io.procmig.agent.control.v1.PreflightReply;
import io.procmig.agent.control.v1.PrepareReply;
import io.procmig.agent.control.v1.StartRequest;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.PreflightPeer;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.SourcePeer;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.api.v1alpha1.Obstacle;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Connections to the agents of other nodes, one per address, made when first used. */
public final class ControlPeers implements PreflightPeer, AutoCloseable {
  /** For calls that the other side answers at once. */
  private static final Duration CALL = Duration.ofSeconds(3);

  /** For calls that make the other side do something: files to look at, a stub to start. */
  private static final Duration WORK = Duration.ofSeconds(40);

  private static final Duration IDLE = Duration.ofMinutes(5);
  private static final int MOST_MESSAGE_BYTES = 8 << 20;

  private final String node;
  private final ControlTls tls;
  private final ExecutorService executor;
  private final Duration callDeadline;
  private final Map<String, ManagedChannel> channels = new HashMap<>();

  /**
   * No connections yet.
   *
   * @param node name of this node
   * @param executor runs the answers; the caller ends it
   */
  public ControlPeers(String node, ControlTls tls, ExecutorService executor) {
    this(node, tls, executor, CALL);
  }

  /** With another deadline for calls that the other side answers at once. */
  ControlPeers(String node, ControlTls tls, ExecutorService executor, Duration callDeadline) {
    this.node = node;
    this.tls = tls;
    this.executor = executor;
    this.callDeadline = callDeadline;
  }

  /** The agent at an address, as a target. */
  public TargetPeer target(String address) {
    return new RemoteTarget(address);
  }

  /** The agent at an address, as a source. */
  public SourcePeer source(String address) {
    return token -> outcome(address, token);
  }

  @Override
  public CompletableFuture<Optional<List<Obstacle>>> preflight(
      String address, Token token, SourceFacts facts) {
    return call(
        address,
        WORK,
        (stub, reply) -> stub.preflight(ControlMessages.of(token, node, facts), reply),
        (PreflightReply reply) ->
            reply.getChecked()
                ? Optional.of(reply.getObstaclesList().stream().map(ControlMessages::of).toList())
                : Optional.empty());
  }

  @Override
  public synchronized void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }

  private CompletableFuture<Answer> outcome(String address, Token token) {
    OutcomeRequest request =
        OutcomeRequest.newBuilder().setToken(ControlMessages.token(token)).build();
    return call(
        address, callDeadline, (stub, reply) -> stub.outcome(request, reply), ControlPeers::answer);
  }

  private static Answer answer(OutcomeReply reply) {
    return ControlMessages.of(reply.getOutcome());
  }

  private <M, T> CompletableFuture<T> call(
      String address,
      Duration deadline,
      BiConsumer<AgentControlStub, StreamObserver<M>> call,
      Function<M, T> convert) {
    CompletableFuture<T> future = new CompletableFuture<>();
    AgentControlStub stub;
    try {
      stub =
          AgentControlGrpc.newStub(channel(address))
              .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (IOException e) {
      future.completeExceptionally(e);
      return future;
    }
    call.accept(
        stub,
        new StreamObserver<M>() {
          @Override
          public void onNext(M message) {
            try {
              future.complete(convert.apply(message));
            } catch (IllegalArgumentException e) {
              future.completeExceptionally(e);
            }
          }

          @Override
          public void onError(Throwable failure) {
            future.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            // Nothing if there was an answer.
            future.completeExceptionally(
                new IOException("the agent at " + address + " said nothing"));
          }
        });
    return future;
  }

  private synchronized ManagedChannel channel(String address) throws IOException {
    ManagedChannel channel = channels.get(address);
    if (channel == null) {
      channel =
          OkHttpChannelBuilder.forTarget("dns:///" + address, tls.client())
              .overrideAuthority(ControlTls.AUTHORITY)
              .executor(executor)
              .maxInboundMessageSize(MOST_MESSAGE_BYTES)
              .keepAliveTime(10, TimeUnit.SECONDS)
              .keepAliveTimeout(5, TimeUnit.SECONDS)
              .idleTimeout(IDLE.toSeconds(), TimeUnit.SECONDS)
              .build();
      channels.put(address, channel);
    }
    // Whoever calls has waited already; gRPC shall not wait on top of that.
    channel.resetConnectBackoff();
    return channel;
  }

  private final class RemoteTarget implements TargetPeer {
    private final String address;

    RemoteTarget(String address) {
      this.address = address;
    }

    @Override
    public CompletableFuture<Prepared> prepare(PrepareOrder order) {
      return call(
          address,
          callDeadline,
          (stub, reply) -> stub.prepare(ControlMessages.of(order), reply),
          (PrepareReply reply) -> ControlMessages.of(reply));
    }

    @Override
    public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
      StartRequest request =
          StartRequest.newBuilder()
              .setToken(ControlMessages.token(token))
              .setMonotonicNs(monotonicNs)
              .setBoottimeNs(boottimeNs)
              .build();
      return call(address, WORK, (stub, reply) -> stub.start(request, reply), ControlPeers::answer);
    }

    @Override
    public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
      AwaitReadyRequest request =
          AwaitReadyRequest.newBuilder()
              .setToken(ControlMessages.token(token))
              .setWaitMs((int) wait.toMillis())
              .build();
      return call(
          address,
          callDeadline.plus(wait),
          (stub, reply) -> stub.awaitReady(request, reply),
          ControlPeers::answer);
    }

    @Override
    public CompletableFuture<Answer> go(Token token) {
      GoRequest request = GoRequest.newBuilder().setToken(ControlMessages.token(token)).build();
      return call(
          address, callDeadline, (stub, reply) -> stub.go(request, reply), ControlPeers::answer);
    }

    @Override
    public CompletableFuture<Answer> abort(Token token, Cause cause) {
      return call(
          address,
          callDeadline,
          (stub, reply) -> stub.abort(ControlMessages.of(token, node, cause), reply),
          ControlPeers::answer);
    }

    @Override
    public CompletableFuture<Answer> outcome(Token token) {
      return ControlPeers.this.outcome(address, token);
    }
  }
}
