// SPDX-License-Identifier: Apache-2.0

/**
 * Where a node's tasks come from and what is reported goes to: the API server, or whoever started
 * the agent and talks to it over its standard input and output.
 */
package io.procmig.agent.orders;
