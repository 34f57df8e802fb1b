// SPDX-License-Identifier: Apache-2.0

/**
 * The kernel modules: found for the running kernel, loaded by dependency, verified, never pulled.
 */
package io.procmig.agent.modules;
