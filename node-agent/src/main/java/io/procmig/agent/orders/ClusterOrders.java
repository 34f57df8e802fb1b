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
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;

/** The API server's. */
public final class ClusterOrders implements Orders {
  private final KubernetesClient client;
  private final String node;
  private final TaskStatusWriter statuses;
  private final NodePublisher publisher;
  private SharedIndexInformer<MigrationTask> informer;

  /**
   * Orders of the cluster.
   *
   * @param client closed with the orders
   * @param node name of this node
   * @param thread on which statuses are written
   */
  public ClusterOrders(KubernetesClient client, String node, ScheduledExecutorService thread) {
    this.client = client;
    this.node = node;
    statuses = new TaskStatusWriter(client, thread);
    publisher = new NodePublisher(client, node);
  }

  @Override
  public void follow(ResourceEventHandler<MigrationTask> board) {
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
  public void unfollow() {
    if (informer != null) {
      informer.stop();
    }
  }

  @Override
  public StatusSink statuses() {
    return statuses;
  }

  @Override
  public boolean publish(Function<List<Condition>, MigrationNodeStatus> status) {
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
