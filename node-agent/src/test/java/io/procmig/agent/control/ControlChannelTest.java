// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.MechanismKind;
import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.process.FileFact;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.ChannelSpec;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.agent.transfer.TokenOutcome;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every call over real mutual TLS on loopback. */
class ControlChannelTest {
  /** Other tests may have the processors meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Token TOKEN = Token.parse("00112233445566778899aabbccddeeff");

  @TempDir Path directory;

  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final Recorder endpoint = new Recorder();
  private TestCertificates certificates;
  private ControlServer server;
  private ControlPeers peers;
  private String address;

  /** Remembers what it was asked and answers what it is told to. */
  private static final class Recorder implements ControlEndpoint {
    final List<Object> asked = new ArrayList<>();
    Answer answer = Answer.of(TokenOutcome.UNDECIDED, "boot-b");
    Optional<List<Obstacle>> obstacles = Optional.empty();
    RuntimeException failure;

    private CompletableFuture<Answer> reply(Object what) {
      asked.add(what);
      if (failure != null) {
        throw failure;
      }
      return CompletableFuture.completedFuture(answer);
    }

    @Override
    public Optional<List<Obstacle>> preflight(Token token, String sourceNode, SourceFacts facts) {
      asked.add(List.of(token, sourceNode, facts));
      return obstacles;
    }

    @Override
    public CompletableFuture<TargetPeer.Prepared> prepare(TargetPeer.PrepareOrder order) {
      return reply(order)
          .thenApply(a -> new TargetPeer.Prepared(a, new InetSocketAddress("127.0.0.1", 4000)));
    }

    @Override
    public CompletableFuture<Answer> start(Token token, long monotonicNs, long boottimeNs) {
      return reply(List.of(token, monotonicNs, boottimeNs));
    }

    @Override
    public CompletableFuture<Answer> awaitReady(Token token, Duration wait) {
      return reply(List.of(token, wait));
    }

    @Override
    public CompletableFuture<Answer> go(Token token) {
      return reply(token);
    }

    @Override
    public CompletableFuture<Answer> abort(Token token, String sourceNode, Cause cause) {
      return reply(List.of(token, sourceNode, cause));
    }

    @Override
    public Answer outcome(Token token) {
      asked.add(token);
      return answer;
    }
  }

  @BeforeEach
  void start() throws Exception {
    certificates = new TestCertificates();
    ControlTls tls = certificates.issue(directory.resolve("agent"), ControlTls.AUTHORITY);
    server = serve(tls);
    address = "127.0.0.1:" + server.port();
    peers = new ControlPeers("node-a", tls, executor, PATIENCE);
  }

  private ControlServer serve(ControlTls tls) throws Exception {
    return ControlServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls, endpoint, executor);
  }

  @AfterEach
  void stop() {
    peers.close();
    server.close();
    executor.shutdownNow();
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void anOrderToPrepareArrivesWhole() throws Exception {
    List<ChannelSpec> channels = ChannelSpec.fresh(new SecureRandom(), 2, true);
    TargetPeer.PrepareOrder order =
        new TargetPeer.PrepareOrder(
            TOKEN,
            "node-a",
            "10.0.0.1:7443",
            4711,
            Strategy.STOP_AND_COPY,
            channels,
            List.of(new MechanismRule(1, MechanismKind.IGNORE, 2)),
            10_000);
    TargetPeer.Prepared prepared = get(peers.target(address).prepare(order));
    assertEquals(new InetSocketAddress("127.0.0.1", 4000), prepared.address());
    assertEquals(TokenOutcome.UNDECIDED, prepared.answer().outcome());
    TargetPeer.PrepareOrder arrived = (TargetPeer.PrepareOrder) endpoint.asked.get(0);
    assertEquals(order.token(), arrived.token());
    assertEquals(order.strategy(), arrived.strategy());
    assertEquals(order.mechanisms(), arrived.mechanisms());
    assertEquals("10.0.0.1:7443", arrived.sourceControlAddress());
    assertEquals(3, arrived.channels().size());
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(channels.get(i).id(), arrived.channels().get(i).id());
      assertEquals(channels.get(i).role(), arrived.channels().get(i).role());
      assertArrayEquals(
          channels.get(i).sourceToTarget().key(), arrived.channels().get(i).sourceToTarget().key());
      assertArrayEquals(
          channels.get(i).targetToSource().iv(), arrived.channels().get(i).targetToSource().iv());
    }
  }

  @Test
  void channelsWithoutTlsHaveNoKeys() throws Exception {
    get(
        peers
            .target(address)
            .prepare(
                new TargetPeer.PrepareOrder(
                    TOKEN,
                    "node-a",
                    "a:1",
                    1,
                    Strategy.STOP_AND_COPY,
                    ChannelSpec.fresh(new SecureRandom(), 1, false),
                    List.of(),
                    1000)));
    assertNull(
        ((TargetPeer.PrepareOrder) endpoint.asked.get(0)).channels().get(0).sourceToTarget());
  }

  @Test
  void outcomesArriveWithTheirCause() throws Exception {
    for (TokenOutcome outcome : TokenOutcome.values()) {
      endpoint.answer =
          new Answer(
              outcome,
              new Cause(Reason.FileMissing, Component.TargetKernel, "Restore", "what and why"),
              4711,
              "boot-b",
              1,
              2,
              3);
      assertEquals(endpoint.answer, get(peers.target(address).go(TOKEN)));
      assertEquals(endpoint.answer, get(peers.source(address).outcome(TOKEN)));
      assertEquals(endpoint.answer, get(peers.target(address).start(TOKEN, 5, 6)));
      assertEquals(
          endpoint.answer, get(peers.target(address).awaitReady(TOKEN, Duration.ofMillis(20))));
    }
    assertTrue(endpoint.asked.contains(List.of(TOKEN, 5L, 6L)));
    assertTrue(endpoint.asked.contains(List.of(TOKEN, Duration.ofMillis(20))));
  }

  @Test
  void anAbortSaysWhyAndFromWhere() throws Exception {
    Cause cause = new Cause(Reason.CanceledByUser, Component.SourceAgent, "Transferring", "stop");
    get(peers.target(address).abort(TOKEN, cause));
    assertEquals(List.of(List.of(TOKEN, "node-a", cause)), endpoint.asked);
  }

  @Test
  void preflightCarriesFactsThereAndObstaclesBack() throws Exception {
    SourceFacts facts =
        new SourceFacts(
            4711,
            List.of(4711, 4712, 4720),
            "6.1.0",
            1,
            1,
            "x86_64",
            0xffff_ffff_0000_0007L,
            832,
            1L << 33,
            List.of("avx"),
            List.of(
                new FileFact(
                    "/data/pi",
                    "fd 3",
                    FileFact.Kind.REGULAR,
                    5,
                    1000,
                    7,
                    1L << 40,
                    0100644,
                    "9p",
                    true,
                    true)),
            Claims.of(new byte[] {16, 0, -1}));
    assertEquals(Optional.empty(), get(peers.preflight(address, TOKEN, facts)));
    endpoint.obstacles = Optional.of(List.of());
    assertEquals(endpoint.obstacles, get(peers.preflight(address, TOKEN, facts)));
    endpoint.obstacles =
        Optional.of(
            List.of(
                new Obstacle(Reason.PidTaken, "task", "pid 4711", "taken"),
                new Obstacle(Reason.MemoryShort, null, null, "short")));
    assertEquals(endpoint.obstacles, get(peers.preflight(address, TOKEN, facts)));
    assertEquals(List.of(TOKEN, "node-a", facts), endpoint.asked.get(0));
  }

  @Test
  void aFailureThereIsNoAnswerHere() {
    endpoint.failure = new IllegalStateException("broken");
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> get(peers.target(address).go(TOKEN)));
    assertTrue(failure.getMessage().contains("INTERNAL"), failure.getMessage());
    endpoint.failure = new IllegalArgumentException("nonsense");
    failure = assertThrows(ExecutionException.class, () -> get(peers.target(address).go(TOKEN)));
    assertTrue(failure.getMessage().contains("INVALID_ARGUMENT: nonsense"), failure.getMessage());
  }

  @Test
  void nobodyListeningIsNoAnswer() {
    server.close();
    assertThrows(ExecutionException.class, () -> get(peers.target(address).go(TOKEN)));
  }

  @Test
  void aClientOfAnotherAuthorityIsTurnedAway() throws Exception {
    ControlTls mine = ControlTls.in(directory.resolve("agent"));
    ControlTls foreign =
        new TestCertificates().issue(directory.resolve("foreign"), ControlTls.AUTHORITY);
    // It trusts our server, but its own certificate is nobody's.
    ControlTls intruder = new ControlTls(foreign.certificate(), foreign.key(), mine.authority());
    try (ControlPeers strangers = new ControlPeers("node-x", intruder, executor)) {
      assertThrows(ExecutionException.class, () -> get(strangers.target(address).go(TOKEN)));
    }
    assertEquals(List.of(), endpoint.asked);
  }

  @Test
  void aServerOfAnotherNameOrAuthorityIsNotTrusted() throws Exception {
    ControlTls otherName = certificates.issue(directory.resolve("other"), "somebody-else");
    ControlTls otherAuthority =
        new TestCertificates().issue(directory.resolve("foreign"), ControlTls.AUTHORITY);
    for (ControlTls tls : List.of(otherName, otherAuthority)) {
      ControlServer impostor = serve(tls);
      try {
        assertThrows(
            ExecutionException.class,
            () -> get(peers.target("127.0.0.1:" + impostor.port()).go(TOKEN)));
      } finally {
        impostor.close();
      }
    }
    assertEquals(List.of(), endpoint.asked);
  }
}
