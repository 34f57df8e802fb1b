// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No call holds the thread for ever, and none pays for another one. */
@Timeout(30)
class ApiThreadTest {
  private final ApiThread thread = new ApiThread(Duration.ofMillis(300), Thread::new);

  @AfterEach
  void end() {
    thread.shutdownNow();
  }

  private <T> T now(Callable<T> work) throws Exception {
    Future<T> result = thread.submit(work);
    return result.get(20, TimeUnit.SECONDS);
  }

  @Test
  void whatDoesNotComeBackIsInterruptedAndTheNextIsNot() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () ->
                now(
                    () -> {
                      never.await();
                      return null;
                    }));
    assertInstanceOf(InterruptedException.class, failure.getCause());
    assertFalse(now(() -> Thread.currentThread().isInterrupted()));
    assertEquals("done", now(() -> "done"));
  }

  @Test
  void anInterruptThatNobodyHeardEndsWithTheWork() throws Exception {
    now(
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            Thread.onSpinWait();
          }
          return null;
        });
    assertFalse(now(() -> Thread.currentThread().isInterrupted()));
  }

  @Test
  void manyShortOnesTakeAsLongAsTheyTake() throws Exception {
    for (int i = 0; i < 8; i++) {
      now(
          () -> {
            new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
            return null;
          });
    }
  }

  /** A server that goes away in the middle of an answer without anybody hearing of it. */
  @Test
  void aClientWhoseAnswerStopsInTheMiddleIsFreed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        KubernetesClient client = ApiConnection.open("http://127.0.0.1:" + server.getLocalPort())) {
      Future<Node> answer = thread.submit(() -> client.nodes().withName("node-a").get());
      try (Socket connection = server.accept()) {
        begin(connection);
        ExecutionException failure =
            assertThrows(ExecutionException.class, () -> answer.get(20, TimeUnit.SECONDS));
        assertInstanceOf(KubernetesClientException.class, failure.getCause());
      }
    }
  }

  private static void begin(Socket connection) throws IOException {
    connection
        .getOutputStream()
        .write(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
                .getBytes(US_ASCII));
  }
}
