// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.orders;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.procmig.agent.task.StatusSink.Urgency;
import io.procmig.agent.transfer.TaskRef;
import io.procmig.api.v1alpha1.MigrationNodeStatus;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.MigrationTaskStatus;
import io.procmig.api.v1alpha1.TaskPhase;
import io.procmig.api.v1alpha1.TaskRole;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StreamOrdersTest {
  private static final String TASK =
      """
      {"apiVersion":"procmig.io/v1alpha1","kind":"MigrationTask","metadata":{"namespace":"n",\
      "name":"%s","uid":"u"%s},"spec":{"nodeName":"node-a","role":"Source","attempt":1,\
      "token":"00112233445566778899aabbccddeeff","proceed":true,"process":{"pid":7,\
      "startTimeTicks":8}}}
      """;

  private final List<String> heard = new ArrayList<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final CountDownLatch ended = new CountDownLatch(1);

  private final class Board implements ResourceEventHandler<MigrationTask> {
    @Override
    public void onAdd(MigrationTask task) {
      assertEquals(TaskRole.Source, task.getSpec().getRole());
      heard.add("add " + task.getMetadata().getName() + " " + task.getSpec().getProcess().pid());
    }

    @Override
    public void onUpdate(MigrationTask before, MigrationTask task) {
      onAdd(task);
    }

    @Override
    public void onDelete(MigrationTask task, boolean unknownState) {
      heard.add("delete " + task.getMetadata().getName());
    }
  }

  private StreamOrders orders(String input) {
    return new StreamOrders(
        "node-a",
        new ByteArrayInputStream(input.getBytes(UTF_8)),
        new PrintStream(out, false, UTF_8),
        ended::countDown);
  }

  @Test
  void tasksComeInOrderAndTheEndIsTold() throws Exception {
    String deleted = ",\"deletionTimestamp\":\"2030-01-01T00:00:00Z\"";
    orders(TASK.formatted("a", "") + "\nnonsense\n" + TASK.formatted("a", deleted))
        .follow(new Board());
    assertTrue(ended.await(90, TimeUnit.SECONDS));
    assertEquals(List.of("add a 7", "delete a"), heard);
  }

  @Test
  void onlyWhatIsUrgentIsWritten() throws Exception {
    StreamOrders orders = orders("");
    TaskRef task = new TaskRef("n", "a", "u", "m", "node-a");
    MigrationTaskStatus status = new MigrationTaskStatus();
    status.setPhase(TaskPhase.Transferring);
    orders.statuses().put(task, status, Urgency.SOON);
    status.setPhase(TaskPhase.Succeeded);
    orders.statuses().put(task, status, Urgency.NOW);
    List<String> lines = out.toString(UTF_8).lines().toList();
    assertEquals(1, lines.size());
    JsonNode told = new ObjectMapper().readTree(lines.get(0));
    assertEquals("MigrationTask", told.get("kind").asText());
    assertEquals("u", told.at("/metadata/uid").asText());
    assertEquals("Succeeded", told.at("/status/phase").asText());
  }

  @Test
  void theNodesStatusBuildsOnTheConditionsBefore() throws Exception {
    StreamOrders orders = orders("");
    assertTrue(orders.publish(before -> status(before.size(), "first")));
    assertTrue(orders.publish(before -> status(before.size(), before.get(0).getReason())));
    List<String> lines = out.toString(UTF_8).lines().toList();
    JsonNode second = new ObjectMapper().readTree(lines.get(1));
    assertEquals("node-a", second.at("/metadata/name").asText());
    assertEquals("first", second.at("/status/conditions/0/reason").asText());
    assertEquals("1", second.at("/status/conditions/0/message").asText());
  }

  private static MigrationNodeStatus status(int before, String reason) {
    Condition condition =
        new ConditionBuilder().withReason(reason).withMessage(Integer.toString(before)).build();
    MigrationNodeStatus status = new MigrationNodeStatus();
    status.setConditions(List.of(condition));
    return status;
  }
}
