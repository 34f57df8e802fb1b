// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationScope;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.TaskRole;
import org.junit.jupiter.api.Test;

class AttemptTasksTest {
  @Test
  void tokensHave128RandomBitsInHexadecimal() {
    assertTrue(AttemptTasks.newToken().matches("[0-9a-f]{32}"));
    assertNotEquals(AttemptTasks.newToken(), AttemptTasks.newToken());
  }

  @Test
  void tasksNameEachOtherAndTheirMigration() {
    Scenario scenario = Scenario.started();
    MigrationTask source = scenario.task(TaskRole.Source);
    MigrationTask target = scenario.task(TaskRole.Target);
    assertEquals("node-b", source.getSpec().getPeer().nodeName());
    assertEquals("node-a:7443", target.getSpec().getPeer().controlAddress());
    assertEquals(source.getSpec().getToken(), target.getSpec().getToken());
    assertEquals(MigrationScope.Session, source.getSpec().getScope());
    assertEquals("uid-1", target.getSpec().getMigrationRef().uid());
    assertEquals("uid-1", target.getMetadata().getOwnerReferences().get(0).getUid());
    assertEquals("move", target.getMetadata().getLabels().get(Api.LABEL_MIGRATION));
    assertTrue(source.hasFinalizer(Api.FINALIZER));
  }
}
