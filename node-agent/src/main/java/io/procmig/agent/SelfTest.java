// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import io.procmig.agent.control.ControlPeers;
import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.preflight.TargetPreflight;
import io.procmig.agent.process.FileFact;
import io.procmig.agent.process.FoundProcess;
import io.procmig.agent.process.ProcFiles;
import io.procmig.agent.process.ProcessFiles;
import io.procmig.agent.token.FileTokenStore;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.ChannelSpec;
import io.procmig.agent.transfer.DataPlane;
import io.procmig.agent.transfer.Rehearsal;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes at the start, and again until it passes, through what a migration needs of this node and
 * what can be wrong with it: the durable store, kernel TLS, the certificate in both roles, /proc.
 * So that the first migration neither finds it out nor waits for classes to be loaded.
 */
final class SelfTest {
  private static final Logger LOG = LoggerFactory.getLogger(SelfTest.class);
  private static final Token NOBODYS = Token.parse("0".repeat(32));
  private static final int SECONDS = 40;

  private final String node;
  private final FileTokenStore store;
  private final DataPlane data;
  private final IntFunction<List<ChannelSpec>> channels;
  private final ControlPeers peers;
  private final ProcFiles proc;
  private final TargetPreflight preflight;
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile String problem = "the self-test has not ended yet";

  /**
   * A test that has not run.
   *
   * @param data makes data connections
   * @param channels fresh ones, as a migration would use them
   */
  SelfTest(
      String node,
      FileTokenStore store,
      DataPlane data,
      IntFunction<List<ChannelSpec>> channels,
      ControlPeers peers,
      ProcFiles proc,
      TargetPreflight preflight) {
    this.node = node;
    this.store = store;
    this.data = data;
    this.channels = channels;
    this.peers = peers;
    this.proc = proc;
    this.preflight = preflight;
  }

  /** What is wrong; empty when nothing is. */
  Optional<String> problem() {
    return Optional.ofNullable(problem);
  }

  /**
   * Runs the test unless it has passed or is running; what it finds is logged.
   *
   * @param controlAddress where this agent's own control channel is reached
   */
  void run(String controlAddress) {
    if (problem == null || !running.compareAndSet(false, true)) {
      return;
    }
    long begun = System.nanoTime();
    try {
      store.probe();
      SourceFacts facts = facts();
      preflight.check(facts);
      if (!Rehearsal.run(Duration.ofSeconds(SECONDS))) {
        throw new IllegalStateException("source and target did not agree in a rehearsal");
      }
      callItself(controlAddress, facts);
      connectToItself();
      problem = null;
      LOG.info("node {}: self-test passed in {} ms", node, (System.nanoTime() - begun) / 1_000_000);
    } catch (ExecutionException e) {
      fail("the agent does not reach itself at " + controlAddress + ": " + e.getCause());
    } catch (TimeoutException e) {
      fail("the agent does not reach itself at " + controlAddress + " in " + SECONDS + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      fail(e.getMessage());
    } finally {
      running.set(false);
    }
  }

  /** Every order is about a token that nobody has, so nothing is done. */
  private void callItself(String address, SourceFacts facts)
      throws InterruptedException, ExecutionException, TimeoutException {
    TargetPeer self = peers.target(address);
    TargetPeer.PrepareOrder order =
        new TargetPeer.PrepareOrder(
            NOBODYS, node, address, 1, Strategy.STOP_AND_COPY, channels.apply(1), List.of(), 1000);
    Cause cause =
        new Cause(Reason.InternalError, Component.SourceAgent, "SelfTest", "nothing is wrong");
    peers
        .preflight(address, NOBODYS, facts)
        .thenCompose(done -> self.prepare(order))
        .thenCompose(done -> self.start(NOBODYS, 0, 0))
        .thenCompose(done -> self.awaitReady(NOBODYS, Duration.ZERO))
        .thenCompose(done -> self.go(NOBODYS))
        .thenCompose(done -> self.abort(NOBODYS, cause))
        .thenCompose(done -> self.outcome(NOBODYS))
        .get(SECONDS, TimeUnit.SECONDS);
  }

  private void connectToItself() throws InterruptedException, ExecutionException, TimeoutException {
    List<ChannelSpec> specs = channels.apply(1);
    CompletableFuture<DataPlane.Channels> accepted = new CompletableFuture<>();
    try (DataPlane.Listening listening = data.listen(specs, accepted::complete);
        DataPlane.Channels connected = data.connect(listening.address(), specs)) {
      accepted.get(SECONDS, TimeUnit.SECONDS).close();
      LOG.debug("{} data connections to itself", connected.descriptors().size());
    }
  }

  /** The agent's own files; nobody is going to migrate it. */
  private SourceFacts facts() {
    int self = (int) ProcessHandle.current().pid();
    FoundProcess found = proc.process(self).orElseThrow();
    List<FileFact> files = new ProcessFiles(proc).of(found.pid(), List.of(), Set.of());
    return new SourceFacts(
        self, List.of(self), "", 0, 0, "", 0, 0, 0, List.of(), files, Claims.NONE);
  }

  private void fail(String why) {
    if (!why.equals(problem)) {
      LOG.error("node {}: self-test failed: {}", node, why);
    }
    problem = why;
  }
}
