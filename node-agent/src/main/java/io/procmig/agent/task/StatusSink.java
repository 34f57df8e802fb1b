// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.MigrationTaskStatus;

/** Takes statuses of tasks to the API server; the last one given wins. */
public interface StatusSink {
  /** When a status has to be seen. */
  enum Urgency {
    /** At once. */
    NOW,
    /** Within half a second. */
    SOON,
    /**
     * Within a second and a half. Publishing takes processor time, and so does everybody who
     * watches: not while a process stands still that will run again before anybody could have
     * looked.
     */
    QUIETLY
  }

  /**
   * Publishes a status.
   *
   * @param status not changed any more by the caller
   */
  void put(TaskRef task, MigrationTaskStatus status, Urgency urgency);
}
