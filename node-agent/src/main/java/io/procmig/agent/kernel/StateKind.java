// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * What a subsystem says about one kind of state: {@code struct procmig_state_kind}.
 *
 * @param subsystem number of the subsystem
 * @param state carried or not
 * @param name for example "regular file"
 * @param note limits, or the reason
 */
public record StateKind(int subsystem, KindState state, String name, String note) {}
