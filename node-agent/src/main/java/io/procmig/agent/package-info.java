// SPDX-License-Identifier: Apache-2.0

/**
 * The node agent: one privileged pod per node. {@link io.procmig.agent.NodeAgent} wires the parts;
 * {@code task} takes orders, {@code preflight} looks, {@code transfer} carries them out over {@code
 * control} and {@code kernel}, {@code token} remembers, {@code node} and {@code modules} publish
 * and prepare the node.
 */
package io.procmig.agent;
