// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.config;

/** A setting is missing or makes no sense; the agent does not start. */
public final class InvalidSettingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InvalidSettingException(Setting setting, String value, String expected) {
    super(
        value == null || value.isEmpty()
            ? setting.variable() + " is not set: " + setting.meaning()
            : setting.variable()
                + " is \""
                + value
                + "\", which is not "
                + expected
                + ". It is: "
                + setting.meaning());
  }
}
