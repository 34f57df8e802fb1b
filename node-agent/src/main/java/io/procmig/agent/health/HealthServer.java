// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.health;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;

/** Answers probes: 200 and {@code ok}, or 503 and what is wrong. */
public final class HealthServer implements AutoCloseable {
  private final HttpServer server;

  /**
   * Starts to answer.
   *
   * @param address where; port 0 lets the system choose one
   * @param illness why the agent should be restarted; empty if it is alive
   * @param unreadiness why the agent does not serve yet; empty if it does
   * @throws IOException if the address cannot be bound
   */
  public HealthServer(
      InetSocketAddress address,
      Supplier<Optional<String>> illness,
      Supplier<Optional<String>> unreadiness)
      throws IOException {
    server = HttpServer.create(address, 0);
    server.createContext("/healthz", exchange -> answer(exchange, illness.get()));
    server.createContext("/readyz", exchange -> answer(exchange, unreadiness.get()));
    server.start();
  }

  /** The port that is listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private static void answer(HttpExchange exchange, Optional<String> problem) throws IOException {
    try (exchange) {
      byte[] body = (problem.orElse("ok") + "\n").getBytes(StandardCharsets.UTF_8);
      int code =
          problem.isPresent() ? HttpURLConnection.HTTP_UNAVAILABLE : HttpURLConnection.HTTP_OK;
      exchange.sendResponseHeaders(code, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
