// SPDX-License-Identifier: Apache-2.0

/** The agent's settings: typed, validated, in one place. */
package io.procmig.agent.config;
