// SPDX-License-Identifier: Apache-2.0

/**
 * Everything that would be in the way of a migration, on both nodes, before anything is touched.
 */
package io.procmig.agent.preflight;
