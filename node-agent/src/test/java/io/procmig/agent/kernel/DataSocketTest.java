// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Native sockets on loopback. */
class DataSocketTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @Test
  void bytesTravelBothWays() {
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress());
        DataSocket client = DataSocket.connect(listener.address(), TIMEOUT);
        DataSocket server = listener.accept(TIMEOUT, TIMEOUT).orElseThrow()) {
      client.send("to the server".getBytes(StandardCharsets.UTF_8));
      assertEquals("to the server", new String(server.receive(13), StandardCharsets.UTF_8));
      server.send(new byte[] {1, 2, 3});
      assertArrayEquals(new byte[] {1, 2, 3}, client.receive(3));
      assertTrue(client.number() > 0);
    }
  }

  @Test
  void silenceEndsWithATimeoutAndAClosedPeerWithAReset() {
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress());
        DataSocket client = DataSocket.connect(listener.address(), Duration.ofMillis(50))) {
      assertEquals(
          Errno.EAGAIN, assertThrows(KernelException.class, () -> client.receive(1)).errno());
      listener.accept(TIMEOUT, TIMEOUT).orElseThrow().close();
      assertEquals(
          Errno.ECONNRESET, assertThrows(KernelException.class, () -> client.receive(1)).errno());
    }
  }

  @Test
  void nobodyListeningIsRefusedAndNobodyConnectingIsNothing() {
    InetSocketAddress gone;
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress())) {
      gone = listener.address();
      assertTrue(listener.accept(Duration.ofMillis(20), TIMEOUT).isEmpty());
    }
    assertEquals(
        Errno.ECONNREFUSED,
        assertThrows(KernelException.class, () -> DataSocket.connect(gone, TIMEOUT)).errno());
  }

  @Test
  void aClosedSocketIsNotUsedAgain() {
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress())) {
      DataSocket client = DataSocket.connect(listener.address(), TIMEOUT);
      client.close();
      client.close();
      assertEquals(Errno.EBADF, assertThrows(KernelException.class, client::number).errno());
    }
  }

  @Test
  void kernelTlsCarriesBytesAndRefusesAnotherKey() {
    SecureRandom random = new SecureRandom();
    TrafficKey there = TrafficKey.random(random);
    TrafficKey back = TrafficKey.random(random);
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress());
        DataSocket client = DataSocket.connect(listener.address(), TIMEOUT);
        DataSocket server = listener.accept(TIMEOUT, TIMEOUT).orElseThrow()) {
      try {
        client.attachTls();
      } catch (KernelException e) {
        assumeTrue(e.errno() != Errno.ENOENT, "this kernel has no tls module");
        throw e;
      }
      server.attachTls();
      client.sendWith(there);
      client.receiveWith(back);
      server.receiveWith(there);
      server.sendWith(back);
      client.send(new byte[] {42});
      assertArrayEquals(new byte[] {42}, server.receive(1));
      server.send(new byte[] {43});
      assertArrayEquals(new byte[] {43}, client.receive(1));
    }
    try (DataListener listener = DataListener.open(InetAddress.getLoopbackAddress());
        DataSocket client = DataSocket.connect(listener.address(), TIMEOUT);
        DataSocket server = listener.accept(TIMEOUT, TIMEOUT).orElseThrow()) {
      client.attachTls();
      server.attachTls();
      client.sendWith(there);
      server.receiveWith(back);
      client.send(new byte[] {42});
      assertEquals(
          Errno.EBADMSG, assertThrows(KernelException.class, () -> server.receive(1)).errno());
    }
  }
}
