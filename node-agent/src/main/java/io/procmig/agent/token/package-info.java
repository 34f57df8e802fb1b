// SPDX-License-Identifier: Apache-2.0

/** What is durable about a token on this node: the record that decides which copy may run. */
package io.procmig.agent.token;
