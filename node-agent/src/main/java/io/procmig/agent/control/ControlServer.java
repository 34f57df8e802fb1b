// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.StreamObserver;
import io.procmig.agent.control.v1.AbortRequest;
import io.procmig.agent.control.v1.AgentControlGrpc;
import io.procmig.agent.control.v1.AwaitReadyRequest;
import io.procmig.agent.control.v1.GoRequest;
import io.procmig.agent.control.v1.OutcomeReply;
import io.procmig.agent.control.v1.OutcomeRequest;
import io.procmig.agent.control.v1.PreflightReply;
import io.procmig.agent.control.v1.PreflightRequest;
import io.procmig.agent.control.v1.PrepareReply;
import io.procmig.agent.control.v1.PrepareRequest;
import io.procmig.agent.control.v1.StartRequest;
import io.procmig.agent.transfer.Answer;
import io.procmig.api.v1alpha1.Obstacle;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves this node's {@link ControlEndpoint} to other agents, and to nobody else. */
public final class ControlServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
  private static final Duration STOP = Duration.ofSeconds(2);
  private static final int MOST_MESSAGE_BYTES = 8 << 20;

  private final Server server;

  private ControlServer(Server server) {
    this.server = server;
  }

  /**
   * Starts to serve.
   *
   * @param address where to listen; port 0 for any
   * @param executor runs the calls; the caller ends it
   * @throws IOException if the certificate cannot be read or the address is taken
   */
  public static ControlServer start(
      InetSocketAddress address, ControlTls tls, ControlEndpoint endpoint, ExecutorService executor)
      throws IOException {
    Server server =
        OkHttpServerBuilder.forPort(address, tls.server())
            .executor(executor)
            .maxInboundMessageSize(MOST_MESSAGE_BYTES)
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(new Service(endpoint))
            .build()
            .start();
    return new ControlServer(server);
  }

  /** The port that it listens on. */
  public int port() {
    return server.getPort();
  }

  /** Lets calls that are under way end, within a bound. */
  @Override
  public void close() {
    server.shutdown();
    try {
      if (!server.awaitTermination(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private static final class Service extends AgentControlGrpc.AgentControlImplBase {
    private final ControlEndpoint endpoint;

    Service(ControlEndpoint endpoint) {
      this.endpoint = endpoint;
    }

    @Override
    public void preflight(PreflightRequest request, StreamObserver<PreflightReply> reply) {
      answer(
          reply,
          () ->
              CompletableFuture.completedFuture(
                  endpoint.preflight(
                      ControlMessages.token(request.getToken()),
                      request.getSourceNode(),
                      ControlMessages.facts(request))),
          (Optional<List<Obstacle>> obstacles) -> {
            PreflightReply.Builder message =
                PreflightReply.newBuilder().setChecked(obstacles.isPresent());
            obstacles.ifPresent(
                found ->
                    found.forEach(obstacle -> message.addObstacles(ControlMessages.of(obstacle))));
            return message.build();
          });
    }

    @Override
    public void prepare(PrepareRequest request, StreamObserver<PrepareReply> reply) {
      answer(reply, () -> endpoint.prepare(ControlMessages.of(request)), ControlMessages::of);
    }

    @Override
    public void start(StartRequest request, StreamObserver<OutcomeReply> reply) {
      answer(
          reply,
          () ->
              endpoint.start(
                  ControlMessages.token(request.getToken()),
                  request.getMonotonicNs(),
                  request.getBoottimeNs()),
          Service::outcomeReply);
    }

    @Override
    public void awaitReady(AwaitReadyRequest request, StreamObserver<OutcomeReply> reply) {
      answer(
          reply,
          () ->
              endpoint.awaitReady(
                  ControlMessages.token(request.getToken()),
                  Duration.ofMillis(request.getWaitMs())),
          Service::outcomeReply);
    }

    @Override
    public void go(GoRequest request, StreamObserver<OutcomeReply> reply) {
      answer(
          reply,
          () -> endpoint.go(ControlMessages.token(request.getToken())),
          Service::outcomeReply);
    }

    @Override
    public void abort(AbortRequest request, StreamObserver<OutcomeReply> reply) {
      answer(
          reply,
          () ->
              endpoint.abort(
                  ControlMessages.token(request.getToken()),
                  request.getSourceNode(),
                  ControlMessages.cause(request)),
          Service::outcomeReply);
    }

    @Override
    public void outcome(OutcomeRequest request, StreamObserver<OutcomeReply> reply) {
      answer(
          reply,
          () ->
              CompletableFuture.completedFuture(
                  endpoint.outcome(ControlMessages.token(request.getToken()))),
          Service::outcomeReply);
    }

    private static OutcomeReply outcomeReply(Answer answer) {
      return OutcomeReply.newBuilder().setOutcome(ControlMessages.of(answer)).build();
    }

    private static <T, M> void answer(
        StreamObserver<M> reply, Supplier<CompletableFuture<T>> call, Function<T, M> message) {
      CompletableFuture<T> future;
      try {
        future = call.get();
      } catch (IllegalArgumentException e) {
        reply.onError(Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
        return;
      } catch (RuntimeException e) {
        LOG.error("a control call failed", e);
        reply.onError(Status.INTERNAL.withDescription(e.getMessage()).asRuntimeException());
        return;
      }
      future.whenComplete(
          (value, failure) -> {
            if (failure != null) {
              LOG.error("a control call failed", failure);
              reply.onError(
                  Status.INTERNAL.withDescription(failure.getMessage()).asRuntimeException());
            } else {
              reply.onNext(message.apply(value));
              reply.onCompleted();
            }
          });
    }
  }
}
