// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.certificate;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The content of the two secrets that secure the agents' control channel: the authority, which only
 * the operator reads, and the certificate that all agents share as servers and as clients. Both are
 * functions of what is stored already: what is good stays.
 */
public final class AgentCertificates {
  /** The name that the agents' certificate is for, whatever their addresses. */
  public static final String AGENT_NAME = "procmig-agent";

  private static final String AUTHORITY_NAME = "procmig-agent-ca";
  private static final Duration AUTHORITY_LIFETIME = Duration.ofDays(3650);
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String TRUST = "ca.crt";

  private AgentCertificates() {}

  /**
   * What the authority's secret should hold.
   *
   * @param stored what it holds, base64 by name; empty if there is none
   */
  public static Map<String, String> authority(Map<String, String> stored, Instant now) {
    Optional<KeyedCertificate> present = read(stored);
    if (present.isPresent() && !present.get().isOld(now)) {
      return stored;
    }
    KeyedCertificate fresh = KeyedCertificate.newAuthority(AUTHORITY_NAME, now, AUTHORITY_LIFETIME);
    // Peers that still show a certificate of the old authority must be trusted until all have a new
    // one.
    String trust =
        fresh.certificatePem() + present.map(KeyedCertificate::certificatePem).orElse("");
    return write(fresh, trust);
  }

  /**
   * What the agents' secret should hold.
   *
   * @param authority what the authority's secret holds, as {@link #authority} made it
   * @param stored what the agents' secret holds; empty if there is none
   * @throws IllegalStateException if the authority's secret is not readable
   */
  public static Map<String, String> agent(
      Map<String, String> authority, Map<String, String> stored, Instant now, Duration lifetime) {
    KeyedCertificate issuer =
        read(authority)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "The secret of the agents' certificate authority is damaged. Delete it; a new"
                            + " one is made."));
    Optional<KeyedCertificate> present = read(stored);
    boolean good =
        present.isPresent()
            && present.get().isIssuedBy(issuer)
            && !present.get().isOld(now)
            && authority.get(TRUST).equals(stored.get(TRUST));
    return good
        ? stored
        : write(issuer.issuePeer(AGENT_NAME, now, lifetime), decode(authority.get(TRUST)));
  }

  private static Optional<KeyedCertificate> read(Map<String, String> stored) {
    try {
      return KeyedCertificate.parse(decode(stored.get(CERTIFICATE)), decode(stored.get(KEY)));
    } catch (IllegalArgumentException e) {
      // Not base64: someone wrote the secret by hand.
      return Optional.empty();
    }
  }

  private static Map<String, String> write(KeyedCertificate certificate, String trust) {
    Map<String, String> data = new LinkedHashMap<>();
    data.put(CERTIFICATE, encode(certificate.certificatePem()));
    data.put(KEY, encode(certificate.keyPem()));
    data.put(TRUST, encode(trust));
    return data;
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String decode(String text) {
    return text == null
        ? null
        : new String(Base64.getDecoder().decode(text), StandardCharsets.US_ASCII);
  }
}
