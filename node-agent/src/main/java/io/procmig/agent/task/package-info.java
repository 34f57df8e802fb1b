// SPDX-License-Identifier: Apache-2.0

/**
 * The MigrationTasks of this node: {@link io.procmig.agent.task.TaskBoard} follows them, a {@link
 * io.procmig.agent.task.SourceTask} or {@link io.procmig.agent.task.TargetTask} carries one out,
 * and their statuses are written by nobody else.
 */
package io.procmig.agent.task;
