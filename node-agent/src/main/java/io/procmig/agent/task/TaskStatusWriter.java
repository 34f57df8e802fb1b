// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.task;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.ResourceNotFoundException;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes statuses of this node's tasks, each at most twice a second unless something important has
 * changed. What the API server does not take is tried again until it does or the task is gone.
 */
public final class TaskStatusWriter implements StatusSink {
  private static final Logger LOG = LoggerFactory.getLogger(TaskStatusWriter.class);
  private static final Duration BEAT = Duration.ofMillis(500);
  private static final Duration QUIET = Duration.ofMillis(1500);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration CONFLICT = Duration.ofMillis(50);

  private final KubernetesClient client;
  private final ScheduledExecutorService executor;
  private final Map<TaskRef, MigrationTaskStatus> waiting = new HashMap<>();
  private final Set<TaskRef> scheduled = new HashSet<>();

  /**
   * A writer.
   *
   * @param executor one thread, on which it writes
   */
  public TaskStatusWriter(KubernetesClient client, ScheduledExecutorService executor) {
    this.client = client;
    this.executor = executor;
  }

  @Override
  public synchronized void put(TaskRef task, MigrationTaskStatus status, Urgency urgency) {
    waiting.put(task, status);
    switch (urgency) {
      case NOW -> executor.execute(() -> write(task));
      case SOON -> schedule(task, BEAT);
      case QUIETLY -> schedule(task, QUIET);
    }
  }

  private synchronized void schedule(TaskRef task, Duration delay) {
    if (!executor.isShutdown() && scheduled.add(task)) {
      executor.schedule(() -> write(task), delay.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** Writes everything that waits, once. On the executor's thread, or after it has ended. */
  public void flush() {
    List<TaskRef> tasks;
    synchronized (this) {
      tasks = new ArrayList<>(waiting.keySet());
    }
    tasks.forEach(this::write);
  }

  private void write(TaskRef task) {
    MigrationTaskStatus status;
    synchronized (this) {
      scheduled.remove(task);
      status = waiting.remove(task);
    }
    if (status == null) {
      return;
    }
    try {
      writeNow(task, status);
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        LOG.debug("{}: the task changed while its status was written", task);
        again(task, status, CONFLICT);
      } else {
        LOG.warn("{}: cannot write the status yet: {}", task, e.getMessage());
        again(task, status, RETRY);
      }
    }
  }

  private synchronized void again(TaskRef task, MigrationTaskStatus status, Duration delay) {
    waiting.putIfAbsent(task, status);
    schedule(task, delay);
  }

  private void writeNow(TaskRef task, MigrationTaskStatus status) {
    try {
      // A patch of what differs; nobody else writes the status.
      client
          .resources(MigrationTask.class)
          .inNamespace(task.namespace())
          .withName(task.name())
          .editStatus(
              live -> {
                if (live.getMetadata().getUid().equals(task.uid())) {
                  live.setStatus(status);
                }
                return live;
              });
    } catch (ResourceNotFoundException e) {
      LOG.info("{}: the task is gone, its status is dropped", task);
    }
  }
}
