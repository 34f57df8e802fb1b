// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * One thing in the way of a checkpoint: {@code struct procmig_obstacle}.
 *
 * @param subsystem number of the subsystem that found it
 * @param code kind of obstacle
 * @param object descriptor, address, signal or PID, by subsystem
 * @param text what it is, for people
 */
public record KernelObstacle(int subsystem, ObstacleCode code, long object, String text) {}
