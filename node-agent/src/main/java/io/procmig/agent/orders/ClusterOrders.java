// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.orders;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.procmig.agent.node.NodePublisher;
import io.procmig.agent.task.StatusSink;
import io.procmig.agent.task.TaskStatusWriter;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTask;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API server's. */
public final class ClusterOrders implements Orders {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterOrders.class);

  /** The client begins again by itself after whatever fails, but not after what never answers. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final KubernetesClient client;
  private final String node;
  private final TaskStatusWriter statuses;
  private final NodePublisher publisher;
  private final Duration patience;
  private ResourceEventHandler<MigrationTask> board;
  private SharedIndexInformer<MigrationTask> informer;
  private long lastWatching;

  /**
   * Orders of the cluster.
   *
   * @param client closed with the orders
   * @param node name of this node
   * @param thread on which statuses are written
   */
  public ClusterOrders(KubernetesClient client, String node, ScheduledExecutorService thread) {
    this(client, node, thread, PATIENCE);
  }

  ClusterOrders(
      KubernetesClient client, String node, ScheduledExecutorService thread, Duration patience) {
    this.client = client;
    this.node = node;
    this.patience = patience;
    statuses = new TaskStatusWriter(client, thread);
    publisher = new NodePublisher(client, node);
  }

  @Override
  public synchronized void follow(ResourceEventHandler<MigrationTask> board) {
    this.board = board;
    lastWatching = System.nanoTime();
    informer =
        client
            .resources(MigrationTask.class)
            .inAnyNamespace()
            .withField("spec.nodeName", node)
            .runnableInformer(0);
    informer.addEventHandler(board);
    // Without this the first list that fails would be the last one.
    informer.exceptionHandler((started, failure) -> true);
    informer.start();
  }

  @Override
  public synchronized void unfollow() {
    if (informer != null) {
      informer.stop();
      informer = null;
    }
  }

  /** Who has seen a task already is told of it once more, which changes nothing. */
  private synchronized void followAgainWhenLost() {
    if (informer == null) {
      return;
    }
    if (informer.isWatching()) {
      lastWatching = System.nanoTime();
    } else if (System.nanoTime() - lastWatching > patience.toNanos()) {
      LOG.warn("node {}: its tasks have not been watched for {}; beginning again", node, patience);
      informer.stop();
      follow(board);
    }
  }

  @Override
  public StatusSink statuses() {
    return statuses;
  }

  @Override
  public boolean publish(Function<List<Condition>, MigrationNodeStatus> status) {
    followAgainWhenLost();
    return publisher.publish(status);
  }

  @Override
  public void flush() {
    statuses.flush();
  }

  @Override
  public void close() {
    client.close();
  }
}
