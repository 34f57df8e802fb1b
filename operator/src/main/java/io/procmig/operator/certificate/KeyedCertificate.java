// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.certificate;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObjectGenerator;

/** A certificate with its private key, both of which travel as PEM. */
public record KeyedCertificate(X509Certificate certificate, PrivateKey key) {
  private static final String CURVE = "secp256r1";
  private static final String SIGNATURE = "SHA256withECDSA";

  /** Clocks of nodes differ; what was issued a moment ago must be valid everywhere. */
  private static final Duration BACKDATING = Duration.ofMinutes(5);

  /** Makes a new authority that signs itself. */
  static KeyedCertificate newAuthority(String name, Instant now, Duration lifetime) {
    KeyPair keys = newKeys();
    X500Name subject = new X500Name("CN=" + name);
    return issue(
        subject,
        subject,
        keys,
        keys.getPrivate(),
        keys.getPublic(),
        now,
        lifetime,
        builder ->
            builder
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                .addExtension(
                    Extension.keyUsage,
                    true,
                    new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign)));
  }

  /** Issues a certificate, signed by this authority, for a peer that is server and client. */
  KeyedCertificate issuePeer(String dnsName, Instant now, Duration lifetime) {
    KeyPair keys = newKeys();
    return issue(
        new X500Name(certificate.getSubjectX500Principal().getName()),
        new X500Name("CN=" + dnsName),
        keys,
        key,
        certificate.getPublicKey(),
        now,
        lifetime,
        builder ->
            builder
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                .addExtension(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(
                        new KeyPurposeId[] {
                          KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }))
                .addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(new GeneralName(GeneralName.dNSName, dnsName))));
  }

  /** Whether less than a third of its lifetime is left. */
  boolean isOld(Instant now) {
    Instant start = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    return now.isAfter(end.minus(Duration.between(start, end).dividedBy(3)));
  }

  /** Whether the authority's key has signed this certificate. */
  boolean isIssuedBy(KeyedCertificate authority) {
    try {
      certificate.verify(authority.certificate().getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** The certificate as PEM. */
  String certificatePem() {
    return pem(certificate);
  }

  /** The private key as unencrypted PKCS #8 in PEM. */
  String keyPem() {
    try {
      return pem(new JcaPKCS8Generator(key, null));
    } catch (IOException e) {
      throw new CertificateFailure("encode a private key", e);
    }
  }

  /**
   * Reads what was stored.
   *
   * @return empty if it is absent, malformed or does not fit together; a new one is due then
   */
  static Optional<KeyedCertificate> parse(String certificatePem, String keyPem) {
    if (certificatePem == null || keyPem == null) {
      return Optional.empty();
    }
    try (PEMParser certificates = new PEMParser(new StringReader(certificatePem));
        PEMParser keys = new PEMParser(new StringReader(keyPem))) {
      if (certificates.readObject() instanceof X509CertificateHolder holder
          && keys.readObject() instanceof PrivateKeyInfo info) {
        return Optional.of(
            new KeyedCertificate(
                new JcaX509CertificateConverter().getCertificate(holder),
                new JcaPEMKeyConverter().getPrivateKey(info)));
      }
      return Optional.empty();
    } catch (IOException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private interface Extensions {
    X509v3CertificateBuilder addTo(X509v3CertificateBuilder builder) throws CertIOException;
  }

  private static KeyedCertificate issue(
      X500Name issuer,
      X500Name subject,
      KeyPair keys,
      PrivateKey issuerKey,
      PublicKey issuerPublicKey,
      Instant now,
      Duration lifetime,
      Extensions extensions) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(127, new SecureRandom()).setBit(126),
              Date.from(now.minus(BACKDATING)),
              Date.from(now.plus(lifetime)),
              subject,
              keys.getPublic());
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          identifiers.createSubjectKeyIdentifier(keys.getPublic()));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          identifiers.createAuthorityKeyIdentifier(issuerPublicKey));
      extensions.addTo(builder);
      X509CertificateHolder holder =
          builder.build(new JcaContentSignerBuilder(SIGNATURE).build(issuerKey));
      return new KeyedCertificate(
          new JcaX509CertificateConverter().getCertificate(holder), keys.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new CertificateFailure("issue a certificate for " + subject, e);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(CURVE));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new CertificateFailure("make a key pair", e);
    }
  }

  private static String pem(Object object) {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      if (object instanceof PemObjectGenerator generator) {
        writer.writeObject(generator);
      } else {
        writer.writeObject(object);
      }
    } catch (IOException e) {
      throw new CertificateFailure("encode a certificate", e);
    }
    return text.toString();
  }
}
