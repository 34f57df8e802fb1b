// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.certificate;

/** The certificate of the agents cannot be made; the Java runtime lacks what that needs. */
public final class CertificateFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CertificateFailure(String operation, Throwable cause) {
    super(
        "Cannot "
            + operation
            + ": "
            + cause.getMessage()
            + ". Agents keep the certificate they have; check the image of the operator.",
        cause);
  }
}
