// SPDX-License-Identifier: Apache-2.0

/** What this node is and can do, published as its MigrationNode. */
package io.procmig.agent.node;
