// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.orders;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.procmig.agent.task.StatusSink;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those of whoever started the agent: one JSON object per line. In come MigrationTasks, whole, as
 * the API server would show them, again whenever their spec changes and a last time with a {@code
 * deletionTimestamp}; out go MigrationTasks with the status of a task, and the MigrationNode with
 * every heartbeat. The end of the input is the order to stop.
 */
public final class StreamOrders implements Orders, StatusSink {
  private static final Logger LOG = LoggerFactory.getLogger(StreamOrders.class);

  private final ObjectMapper mapper = new ObjectMapper();
  private final String node;
  private final InputStream in;
  private final PrintStream out;
  private final Runnable atEnd;
  private volatile boolean following = true;
  private List<Condition> conditions = List.of();

  /**
   * Orders on two streams.
   *
   * @param node name of this node
   * @param atEnd called once the input has ended, on a thread of its own
   */
  public StreamOrders(String node, InputStream in, PrintStream out, Runnable atEnd) {
    this.node = node;
    this.in = in;
    this.out = out;
    this.atEnd = atEnd;
  }

  @Override
  public void follow(ResourceEventHandler<MigrationTask> board) {
    Thread reader = new Thread(() -> read(board), "procmig-orders");
    reader.setDaemon(true);
    reader.start();
  }

  private void read(ResourceEventHandler<MigrationTask> board) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      String line;
      while ((line = lines.readLine()) != null) {
        if (following && !line.isBlank()) {
          hand(line, board);
        }
      }
    } catch (IOException e) {
      LOG.warn("node {}: the orders cannot be read any further: {}", node, e.toString());
    }
    atEnd.run();
  }

  private void hand(String line, ResourceEventHandler<MigrationTask> board) {
    try {
      MigrationTask task = mapper.readValue(line, MigrationTask.class);
      if (task.getMetadata().getDeletionTimestamp() == null) {
        board.onAdd(task);
      } else {
        board.onDelete(task, false);
      }
    } catch (JsonProcessingException | RuntimeException e) {
      LOG.error("node {}: this is no MigrationTask ({}): {}", node, e.toString(), line);
    }
  }

  @Override
  public void unfollow() {
    following = false;
  }

  @Override
  public StatusSink statuses() {
    return this;
  }

  /** Progress is for people who watch an object; who reads lines wants what has come of a task. */
  @Override
  public void put(TaskRef task, MigrationTaskStatus status, Urgency urgency) {
    if (urgency != Urgency.NOW) {
      return;
    }
    MigrationTask told = new MigrationTask();
    told.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(task.namespace())
            .withName(task.name())
            .withUid(task.uid())
            .build());
    told.setStatus(status);
    write(told);
  }

  @Override
  public boolean publish(Function<List<Condition>, MigrationNodeStatus> status) {
    MigrationNode told = new MigrationNode();
    told.setMetadata(new ObjectMetaBuilder().withName(node).build());
    told.setStatus(status.apply(conditions));
    conditions = told.getStatus().getConditions();
    return write(told);
  }

  private boolean write(HasMetadata object) {
    try {
      String line = mapper.writeValueAsString(object);
      synchronized (out) {
        out.println(line);
        out.flush();
        return !out.checkError();
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write a " + object.getKind(), e);
    }
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public void close() {
    flush();
  }
}
