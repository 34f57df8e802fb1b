// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.config;

/** A setting has a value that makes no sense; the operator does not start. */
public final class InvalidSettingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InvalidSettingException(Setting setting, String value, String expectation, Throwable cause) {
    super(
        "The operator cannot start: environment variable "
            + setting.variable()
            + " is \""
            + value
            + "\", but must be "
            + expectation
            + ". Correct it in the Deployment of the operator.",
        cause);
  }
}
