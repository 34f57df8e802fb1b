// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The certificate of the agents and its authority. All agents have the same name, {@link
 * #AUTHORITY}; both ends of a connection must present a certificate of the authority.
 *
 * @param certificate PEM file
 * @param key PEM file, PKCS #8
 * @param authority PEM file
 */
public record ControlTls(Path certificate, Path key, Path authority) {
  /** The subject alternative name of the agents' certificate. */
  public static final String AUTHORITY = "procmig-agent";

  /** The files as a TLS secret is mounted. */
  public static ControlTls in(Path directory) {
    return new ControlTls(
        directory.resolve("tls.crt"), directory.resolve("tls.key"), directory.resolve("ca.crt"));
  }

  ServerCredentials server() throws IOException {
    return TlsServerCredentials.newBuilder()
        .keyManager(file(certificate), file(key))
        .trustManager(file(authority))
        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
        .build();
  }

  ChannelCredentials client() throws IOException {
    return TlsChannelCredentials.newBuilder()
        .keyManager(file(certificate), file(key))
        .trustManager(file(authority))
        .build();
  }

  private static File file(Path path) {
    return path.toFile();
  }
}
