// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * A subsystem or a medium that is loaded: {@code struct procmig_component}.
 *
 * @param kind which of the two
 * @param id its number
 * @param version its version
 * @param users requests that use it now
 * @param name its name
 * @param module the module that provides it
 */
public record LoadedComponent(
    ComponentKind kind, int id, int version, int users, String name, String module) {}
