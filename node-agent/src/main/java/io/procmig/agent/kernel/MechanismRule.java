// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * For one entity of a subsystem use a mechanism: {@code struct procmig_mechanism}.
 *
 * @param subsystem number of the subsystem, see {@link Subsystem}; others are possible
 * @param mechanism what to do
 * @param entity what the subsystem numbers its objects by; files: the descriptor
 */
public record MechanismRule(int subsystem, MechanismKind mechanism, long entity) {}
