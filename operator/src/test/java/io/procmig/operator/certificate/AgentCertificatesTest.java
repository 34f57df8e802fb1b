// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.certificate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgentCertificatesTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final Duration LIFETIME = Duration.ofDays(30);

  private static X509Certificate certificate(Map<String, String> secret, String name)
      throws Exception {
    return (X509Certificate) all(secret, name).iterator().next();
  }

  private static Collection<? extends java.security.cert.Certificate> all(
      Map<String, String> secret, String name) throws Exception {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(
            new ByteArrayInputStream(Base64.getDecoder().decode(secret.get(name))));
  }

  @Test
  void agentsGetACertificateForServerAndClientThatTheAuthoritySigned() throws Exception {
    Map<String, String> authority = AgentCertificates.authority(Map.of(), NOW);
    Map<String, String> agent = AgentCertificates.agent(authority, Map.of(), NOW, LIFETIME);
    X509Certificate certificate = certificate(agent, "tls.crt");
    certificate.verify(certificate(agent, "ca.crt").getPublicKey());
    assertEquals(
        List.of(List.of(2, "procmig-agent")),
        List.copyOf(certificate.getSubjectAlternativeNames()));
    assertEquals(
        List.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"), certificate.getExtendedKeyUsage());
    assertEquals(-1, certificate.getBasicConstraints());
    assertEquals(NOW.plus(LIFETIME), certificate.getNotAfter().toInstant());
    assertTrue(
        new String(Base64.getDecoder().decode(agent.get("tls.key")))
            .startsWith("-----BEGIN PRIVATE KEY-----"));
  }

  @Test
  void whatIsGoodStays() {
    Map<String, String> authority = AgentCertificates.authority(Map.of(), NOW);
    Map<String, String> agent = AgentCertificates.agent(authority, Map.of(), NOW, LIFETIME);
    Instant later = NOW.plus(Duration.ofDays(19));
    assertSame(authority, AgentCertificates.authority(authority, later));
    assertSame(agent, AgentCertificates.agent(authority, agent, later, LIFETIME));
  }

  @Test
  void certificateIsReplacedAfterTwoThirdsOfItsLifetime() {
    Map<String, String> authority = AgentCertificates.authority(Map.of(), NOW);
    Map<String, String> agent = AgentCertificates.agent(authority, Map.of(), NOW, LIFETIME);
    Instant later = NOW.plus(Duration.ofDays(21));
    assertNotEquals(
        agent.get("tls.crt"),
        AgentCertificates.agent(authority, agent, later, LIFETIME).get("tls.crt"));
  }

  @Test
  void oldAuthorityIsReplacedAndStaysTrusted() throws Exception {
    Map<String, String> authority = AgentCertificates.authority(Map.of(), NOW);
    Map<String, String> agent = AgentCertificates.agent(authority, Map.of(), NOW, LIFETIME);
    Instant later = NOW.plus(Duration.ofDays(2600));
    Map<String, String> next = AgentCertificates.authority(authority, later);
    Map<String, String> renewed = AgentCertificates.agent(next, agent, later, LIFETIME);
    assertEquals(2, all(renewed, "ca.crt").size());
    assertTrue(all(renewed, "ca.crt").contains(certificate(authority, "tls.crt")));
    certificate(renewed, "tls.crt").verify(certificate(next, "tls.crt").getPublicKey());
  }

  @Test
  void damagedSecretsAreReplaced() {
    Map<String, String> damaged = Map.of("tls.crt", "bm9uc2Vuc2U=", "tls.key", "%%%", "ca.crt", "");
    Map<String, String> authority = AgentCertificates.authority(damaged, NOW);
    assertNotEquals(damaged, authority);
    assertNotEquals(damaged, AgentCertificates.agent(authority, damaged, NOW, LIFETIME));
  }

  @Test
  void nothingIsSignedWithADamagedAuthority() {
    assertThrows(
        IllegalStateException.class,
        () -> AgentCertificates.agent(Map.of(), Map.of(), NOW, LIFETIME));
  }
}
