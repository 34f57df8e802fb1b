// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.MigrationTaskStatus;

/** Takes statuses of tasks to the API server; the last one given wins. */
public interface StatusSink {
  /**
   * Publishes a status.
   *
   * @param status not changed any more by the caller
   * @param urgent at once; otherwise with the next beat
   */
  void put(TaskRef task, MigrationTaskStatus status, boolean urgent);
}
