// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HealthServerTest {
  @Test
  void tellsWhatIsWrong() throws IOException, InterruptedException {
    try (HealthServer server =
        new HealthServer(0, Optional::empty, () -> Optional.of("starting"))) {
      assertEquals("200 ok\n", get(server, "/healthz"));
      assertEquals("503 starting\n", get(server, "/readyz"));
    }
  }

  private static String get(HealthServer server, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    return response.statusCode() + " " + response.body();
  }
}
