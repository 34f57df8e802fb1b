// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.orders;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.procmig.agent.task.StatusSink;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTask;
import java.util.List;
import java.util.function.Function;

/** Who orders this node about, and is told. */
public interface Orders extends AutoCloseable {
  /** Begins to hand tasks of this node over, from other threads. */
  void follow(ResourceEventHandler<MigrationTask> board);

  /** Hands no more tasks over. */
  void unfollow();

  /** Takes the statuses of tasks. */
  StatusSink statuses();

  /**
   * Publishes what is true of the node. Called by one thread at a time.
   *
   * @param status made from the conditions that were published before
   * @return whether it was taken; if not, the reason has been logged and the next heartbeat follows
   */
  boolean publish(Function<List<Condition>, MigrationNodeStatus> status);

  /** Writes the statuses that wait; after the last one. */
  void flush();

  @Override
  void close();
}
