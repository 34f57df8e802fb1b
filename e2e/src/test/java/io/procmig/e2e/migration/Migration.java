// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationPhase;
import io.procmig.api.v1alpha1.MigrationSource;
import io.procmig.api.v1alpha1.MigrationTarget;
import io.procmig.api.v1alpha1.ProcessIdentity;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationSpec;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.Reason;
import io.procmig.e2e.lab.Lab;
import io.procmig.e2e.program.Program;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** A ProcessMigration of the cluster. */
public final class Migration {
  /** Where every migration ends. */
  private static final Set<MigrationPhase> OVER =
      EnumSet.of(
          MigrationPhase.Succeeded,
          MigrationPhase.Failed,
          MigrationPhase.Canceled,
          MigrationPhase.RolledBack);

  private static final Duration LONGEST = Duration.ofSeconds(300);

  /** An agent's pod takes minutes to come back on an emulated node. */
  private static final Duration OUTAGE = Duration.ofSeconds(450);

  private final Lab lab;
  private final ProcessMigration wish;

  private Migration(Lab lab, ProcessMigration wish) {
    this.lab = lab;
    this.wish = wish;
  }

  /** A migration of a program; not yet applied. */
  public static Migration of(Program program, String name, String from, String to) {
    return of(new ProcessIdentity(program.pid(), null), name, from, to);
  }

  /** A migration of a process; not yet applied. */
  public static Migration of(ProcessIdentity process, String name, String from, String to) {
    return of(new MigrationSource(from, process, null, null), new MigrationTarget(to, null), name);
  }

  /** A migration; not yet applied. */
  public static Migration of(MigrationSource source, MigrationTarget target, String name) {
    ProcessMigration wish = new ProcessMigration();
    wish.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace("default").build());
    ProcessMigrationSpec spec = new ProcessMigrationSpec();
    spec.setSource(source);
    spec.setTarget(target);
    spec.setDeadline("270s");
    wish.setSpec(spec);
    return new Migration(Lab.get(), wish);
  }

  /** The same as a dry run. */
  public Migration dryRun() {
    wish.getSpec().setDryRun(true);
    return this;
  }

  /** The same, waiting to be started. */
  public Migration suspended() {
    wish.getSpec().setSuspend(true);
    return this;
  }

  /** The same with another deadline. */
  public Migration deadline(String deadline) {
    wish.getSpec().setDeadline(deadline);
    return this;
  }

  /** Creates it, after an older one of that name is gone. */
  public Migration apply() {
    if (resource().get() != null) {
      delete();
    }
    lab.client().resource(wish).create();
    return this;
  }

  /** Applies the manifest once more, as GitOps would. */
  public ProcessMigration applyAgain() {
    return lab.client().resource(Serialization.clone(wish)).serverSideApply();
  }

  /** Changes a field of the spec. */
  public void patch(String merge) {
    resource().patch(PatchContext.of(PatchType.JSON_MERGE), merge);
  }

  /** Deletes it and waits until it is gone. */
  public void delete() {
    resource().delete();
    resource().waitUntilCondition(gone -> gone == null, LONGEST.toSeconds(), TimeUnit.SECONDS);
  }

  /** As it is now. */
  public ProcessMigration get() {
    return resource().get();
  }

  /** Its status as it is now; empty, never null. */
  public ProcessMigrationStatus status() {
    ProcessMigrationStatus status = get().getStatus();
    return status == null ? new ProcessMigrationStatus() : status;
  }

  /** Waits for a state of it. */
  public ProcessMigration await(String what, Predicate<ProcessMigrationStatus> wanted) {
    try {
      return resource()
          .waitUntilCondition(
              m -> m != null && m.getStatus() != null && wanted.test(m.getStatus()),
              LONGEST.toSeconds(),
              TimeUnit.SECONDS);
    } catch (KubernetesClientTimeoutException e) {
      throw new AssertionError(this + " never was " + what + ": " + describe(), e);
    }
  }

  /** Waits until it is in a phase, or beyond all hope of it. */
  public Migration awaitPhase(MigrationPhase phase) {
    ProcessMigration seen =
        await(phase.name(), s -> s.getPhase() == phase || OVER.contains(s.getPhase()));
    assertEquals(phase, seen.getStatus().getPhase(), this::describe);
    return this;
  }

  /** Waits until it is under way and not before the freeze. */
  public Migration awaitFrozen() {
    ProcessMigration seen =
        await(
            "frozen",
            s ->
                s.getPhase() == MigrationPhase.Frozen
                    || s.getPhase() == MigrationPhase.Restoring
                    || OVER.contains(s.getPhase()));
    assertTrue(!OVER.contains(seen.getStatus().getPhase()), this::describe);
    return this;
  }

  /** Waits until it is over. */
  public ProcessMigrationStatus awaitOver() {
    return await("over", s -> s.getCompletionTime() != null).getStatus();
  }

  /** Waits until it is over, whatever the API server does meanwhile. */
  public ProcessMigrationStatus awaitOverThroughOutage() {
    return Awaitility.await(this + " is over")
        .atMost(OUTAGE)
        .pollInterval(Duration.ofMillis(500))
        .ignoreExceptionsMatching(e -> e instanceof KubernetesClientException)
        .until(this::status, s -> s.getCompletionTime() != null);
  }

  /** Waits for success; anything else fails the test with all that is known. */
  public ProcessMigrationStatus assertSucceeds() {
    ProcessMigrationStatus status = awaitOver();
    assertEquals(MigrationPhase.Succeeded, status.getPhase(), this::describe);
    assertEquals("True", condition(Api.READY), this::describe);
    assertEquals("False", condition(Api.SOURCE_INTACT), this::describe);
    return status;
  }

  /** Waits for success, whatever the API server or the operator do meanwhile. */
  public void assertSucceedsThroughOutage() {
    awaitOverThroughOutage();
    assertSucceeds();
  }

  /** Waits for a refusal: nothing was frozen, the process on the source is the process. */
  public ProcessMigrationStatus assertRefused(Reason reason) {
    ProcessMigrationStatus status = awaitOver();
    assertEquals(MigrationPhase.Failed, status.getPhase(), this::describe);
    assertEquals(reason, status.getFailure().reason(), this::describe);
    assertEquals("False", condition(Api.READY), this::describe);
    assertEquals("True", condition(Api.STALLED), this::describe);
    assertEquals("True", condition(Api.SOURCE_INTACT), this::describe);
    assertEquals(reason.name(), readyReason(), this::describe);
    assertTrue(events().contains(reason.name()), () -> "no event " + reason + ": " + describe());
    return status;
  }

  /** Waits for an end that leaves the process on the source. */
  public ProcessMigrationStatus assertLeftOnSource() {
    ProcessMigrationStatus status = awaitOverThroughOutage();
    assertTrue(
        status.getPhase() == MigrationPhase.RolledBack
            || status.getPhase() == MigrationPhase.Failed,
        this::describe);
    assertEquals("True", condition(Api.SOURCE_INTACT), this::describe);
    assertTrue(status.getFailure() != null, this::describe);
    return status;
  }

  /** The status of a condition; "" without it. */
  public String condition(String type) {
    return status().getConditions().stream()
        .filter(condition -> condition.getType().equals(type))
        .map(Condition::getStatus)
        .findFirst()
        .orElse("");
  }

  /** The reason of condition Ready; "" without it. */
  public String readyReason() {
    return status().getConditions().stream()
        .filter(condition -> condition.getType().equals(Api.READY))
        .map(Condition::getReason)
        .findFirst()
        .orElse("");
  }

  /** Reasons of its events. */
  public List<String> events() {
    return lab
        .client()
        .v1()
        .events()
        .inNamespace("default")
        .withFields(
            Map.of(
                "involvedObject.kind",
                "ProcessMigration",
                "involvedObject.name",
                wish.getMetadata().getName()))
        .list()
        .getItems()
        .stream()
        .map(event -> event.getReason())
        .collect(Collectors.toList());
  }

  private String describe() {
    return Serialization.asYaml(get());
  }

  private Resource<ProcessMigration> resource() {
    return lab.client()
        .resources(ProcessMigration.class)
        .inNamespace("default")
        .withName(wish.getMetadata().getName());
  }

  @Override
  public String toString() {
    return "pmig/" + wish.getMetadata().getName();
  }
}
