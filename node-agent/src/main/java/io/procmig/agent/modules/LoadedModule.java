// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.modules;

/**
 * A module as {@code /sys/module} describes it.
 *
 * @param name its name
 * @param version its version; empty: it has none
 * @param srcversion hash of its sources; empty: it has none
 * @param state {@code live}, {@code coming} or {@code going}
 * @param users its use count
 */
public record LoadedModule(
    String name, String version, String srcversion, String state, int users) {}
