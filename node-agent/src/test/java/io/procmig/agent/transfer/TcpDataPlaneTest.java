// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.DataSocket;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Data connections on loopback, without TLS, which needs the kernel's module. */
class TcpDataPlaneTest {
  private final TcpDataPlane plane =
      new TcpDataPlane(InetAddress.getLoopbackAddress(), () -> {}, 1 << 20);

  private static List<ChannelRole> roles(DataPlane.Channels channels) {
    return channels.descriptors().stream().map(SubmitOrder.Channel::role).toList();
  }

  @Test
  void allChannelsConnectInTheOrderOfTheirSpecifications() throws Exception {
    List<ChannelSpec> specs = ChannelSpec.fresh(new SecureRandom(), 3, false);
    CompletableFuture<DataPlane.Channels> connected = new CompletableFuture<>();
    DataPlane.Listening listening = plane.listen(specs, connected::complete);
    try (DataPlane.Channels source = plane.connect(listening.address(), specs);
        DataPlane.Channels target = connected.get(90, TimeUnit.SECONDS)) {
      List<ChannelRole> expected =
          List.of(ChannelRole.DEMAND, ChannelRole.BULK, ChannelRole.BULK, ChannelRole.BULK);
      assertEquals(expected, roles(source));
      assertEquals(expected, roles(target));
    }
    listening.close();
  }

  @Test
  void aStrangerIsDroppedAndTheSourceStillConnects() throws Exception {
    List<ChannelSpec> specs = ChannelSpec.fresh(new SecureRandom(), 1, false);
    CompletableFuture<DataPlane.Channels> connected = new CompletableFuture<>();
    DataPlane.Listening listening = plane.listen(specs, connected::complete);
    try (DataSocket stranger = DataSocket.connect(listening.address(), Duration.ofSeconds(5))) {
      stranger.send("GET / HTTP/1.1 and more\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      assertThrows(RuntimeException.class, () -> stranger.receive(1));
    }
    // One who knows a channel but not its proof gets nowhere either.
    try (DataSocket thief = DataSocket.connect(listening.address(), Duration.ofSeconds(5))) {
      byte[] greeting = new byte[4 + ChannelSpec.ID_BYTES];
      System.arraycopy("PMIG".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, greeting, 0, 4);
      System.arraycopy(specs.get(0).id(), 0, greeting, 4, ChannelSpec.ID_BYTES);
      thief.send(greeting);
      assertEquals('K', thief.receive(1)[0]);
      thief.send(new byte[] {'X'});
      assertThrows(RuntimeException.class, () -> thief.receive(1));
    }
    try (DataPlane.Channels source = plane.connect(listening.address(), specs);
        DataPlane.Channels target = connected.get(90, TimeUnit.SECONDS)) {
      assertEquals(2, source.descriptors().size());
      assertEquals(2, target.descriptors().size());
    }
  }

  @Test
  void aTargetThatListensNoMoreIsSaid() throws Exception {
    List<ChannelSpec> specs = ChannelSpec.fresh(new SecureRandom(), 1, false);
    List<ChannelSpec> others = ChannelSpec.fresh(new SecureRandom(), 1, false);
    DataPlane.Listening listening = plane.listen(specs, channels -> {});
    TransferException refused =
        assertThrows(TransferException.class, () -> plane.connect(listening.address(), others));
    assertEquals(Reason.TransferInterrupted, refused.failure().reason());
    assertTrue(
        refused.failure().message().contains("data connection to " + listening.address()),
        refused.failure().message());
    listening.close();
  }

  @Test
  void withoutKernelTlsNothingIsSentInClear() {
    TcpDataPlane plain =
        new TcpDataPlane(
            InetAddress.getLoopbackAddress(),
            () -> {
              throw new TransferException(
                  new Cause(Reason.ModuleLoadFailed, Component.SourceAgent, "Connect", "no tls"),
                  null);
            },
            0);
    List<ChannelSpec> specs = ChannelSpec.fresh(new SecureRandom(), 1, true);
    assertEquals(
        Reason.ModuleLoadFailed,
        assertThrows(TransferException.class, () -> plain.listen(specs, channels -> {}))
            .failure()
            .reason());
    DataPlane.Listening listening =
        plane.listen(ChannelSpec.fresh(new SecureRandom(), 1, false), channels -> {});
    assertEquals(
        Reason.ModuleLoadFailed,
        assertThrows(TransferException.class, () -> plain.connect(listening.address(), specs))
            .failure()
            .reason());
    listening.close();
  }
}
