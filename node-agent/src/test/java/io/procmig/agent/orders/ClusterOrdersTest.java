// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.orders;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.procmig.api.v1alpha1.MigrationTask;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An API server whose answers stop in the middle does not deafen the agent. */
@Timeout(60)
class ClusterOrdersTest {
  private static final class Nobody implements ResourceEventHandler<MigrationTask> {
    @Override
    public void onAdd(MigrationTask task) {}

    @Override
    public void onUpdate(MigrationTask before, MigrationTask task) {}

    @Override
    public void onDelete(MigrationTask task, boolean unknownState) {}
  }

  @Test
  void aListThatNeverEndsIsAskedForAgain() throws Exception {
    BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    List<Socket> open = new ArrayList<>();
    ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    try (ServerSocket server = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
        KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(
                    new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getLocalPort())
                        .withHttp2Disable(true)
                        .build())
                .build()) {
      Thread serving = new Thread(() -> serve(server, asked, open));
      serving.start();
      ClusterOrders orders = new ClusterOrders(client, "node-a", thread, Duration.ZERO);
      orders.follow(new Nobody());
      awaitList(asked);
      thread.execute(() -> orders.publish(before -> null));
      awaitList(asked);
      orders.unfollow();
      server.close();
      serving.join();
    } finally {
      thread.shutdownNow();
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** Other things may be asked for in between. */
  private static void awaitList(BlockingQueue<String> asked) throws InterruptedException {
    String request;
    do {
      request = asked.poll(20, TimeUnit.SECONDS);
      assertNotNull(request, "nobody lists the tasks");
    } while (!request.contains("/migrationtasks?"));
  }

  /** Begins every answer and ends none. */
  private static void serve(ServerSocket server, BlockingQueue<String> asked, List<Socket> open) {
    try {
      while (true) {
        Socket connection = server.accept();
        open.add(connection);
        asked.add(
            new BufferedReader(new InputStreamReader(connection.getInputStream(), US_ASCII))
                .readLine());
        connection
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
                    .getBytes(US_ASCII));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }
}
