// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator.migration;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.procmig.api.v1alpha1.Api;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.ProcessMigration;
import io.procmig.api.v1alpha1.ProcessMigrationStatus;
import io.procmig.api.v1alpha1.TaskRole;
import io.procmig.operator.config.OperatorConfig;
import io.procmig.operator.migration.Decision.Accept;
import io.procmig.operator.migration.Decision.Cancel;
import io.procmig.operator.migration.Decision.Delete;
import io.procmig.operator.migration.Decision.Finish;
import io.procmig.operator.migration.Decision.Proceed;
import io.procmig.operator.migration.Decision.Release;
import io.procmig.operator.migration.Decision.Rest;
import io.procmig.operator.migration.Decision.Retry;
import io.procmig.operator.migration.Decision.StartAttempt;
import io.procmig.operator.migration.Decision.Wait;
import io.procmig.operator.placement.NodeView;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out {@link ProcessMigration}s in four steps: observe, decide, act, report.
 *
 * <p>It is the only author of {@code ProcessMigration.status} and of {@code MigrationTask.spec}.
 */
@ControllerConfiguration(name = "migration", finalizerName = Api.FINALIZER)
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 500, maxInterval = 30_000)
public final class MigrationReconciler
    implements Reconciler<ProcessMigration>, Cleaner<ProcessMigration> {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationReconciler.class);

  private final OperatorConfig config;
  private final Clock clock;
  private final MigrationPlanner planner;

  private InformerEventSource<MigrationTask, ProcessMigration> tasks;
  private InformerEventSource<MigrationNode, ProcessMigration> nodes;

  /** Makes a reconciler that takes the time from the given clock. */
  public MigrationReconciler(OperatorConfig config, Clock clock) {
    this.config = config;
    this.clock = clock;
    this.planner = new MigrationPlanner(config.retryDelay(), config.agentLostAfter().dividedBy(2));
  }

  @Override
  public List<EventSource<?, ProcessMigration>> prepareEventSources(
      EventSourceContext<ProcessMigration> context) {
    tasks =
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(MigrationTask.class, ProcessMigration.class)
                .withNamespacesInheritedFromController()
                .build(),
            context);
    IndexerResourceCache<ProcessMigration> migrations = context.getPrimaryCache();
    nodes =
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(MigrationNode.class, ProcessMigration.class)
                .withSecondaryToPrimaryMapper(node -> unfinished(migrations))
                .withPrimaryToSecondaryMapper(migration -> Set.of())
                .withOnUpdateFilter(MigrationReconciler::saysSomethingNew)
                .build(),
            context);
    return List.of(tasks, nodes);
  }

  private static Set<ResourceID> unfinished(IndexerResourceCache<ProcessMigration> migrations) {
    return migrations
        .list(m -> m.getStatus() == null || m.getStatus().getCompletionTime() == null)
        .map(ResourceID::fromResource)
        .collect(Collectors.toSet());
  }

  /** Heartbeats alone wake nobody; a node that comes, goes or changes its mind does. */
  private static boolean saysSomethingNew(MigrationNode now, MigrationNode before) {
    return now.getStatus() == null
        || before.getStatus() == null
        || !Objects.equals(now.getStatus().getConditions(), before.getStatus().getConditions())
        || !Objects.equals(now.getStatus().getSlots(), before.getStatus().getSlots())
        || !Objects.equals(now.getStatus().getAddresses(), before.getStatus().getAddresses());
  }

  @Override
  public UpdateControl<ProcessMigration> reconcile(
      ProcessMigration migration, Context<ProcessMigration> context) {
    Observation seen = observe(migration, context.getClient());
    Decision decision = planner.decide(seen);
    act(seen, decision, context.getClient());
    report(seen, decision, context);
    return next(seen, decision)
        .map(delay -> UpdateControl.<ProcessMigration>noUpdate().rescheduleAfter(delay))
        .orElseGet(UpdateControl::noUpdate);
  }

  @Override
  public DeleteControl cleanup(ProcessMigration migration, Context<ProcessMigration> context) {
    Observation seen = observe(migration, context.getClient());
    Decision decision = planner.decide(seen);
    act(seen, decision, context.getClient());
    if (decision instanceof Release) {
      // Not left to the SDK: what it notes after its own removal, it notes under the object's name.
      // A migration of that name which was created meanwhile would never be reconciled.
      letGo(migration, context.getClient());
      return DeleteControl.noFinalizerRemoval();
    }
    report(seen, decision, context);
    DeleteControl keep = DeleteControl.noFinalizerRemoval();
    return next(seen, decision).map(keep::rescheduleAfter).orElse(keep);
  }

  private Observation observe(ProcessMigration migration, KubernetesClient client) {
    Instant now = clock.instant();
    List<MigrationTask> all = tasks.list(task -> true).toList();
    Map<String, Integer> busy = new HashMap<>();
    List<MigrationTask> own = new ArrayList<>();
    for (MigrationTask task : all) {
      if (belongsTo(task, migration)) {
        // The informer may lag behind what this operator created or changed last.
        own.add(tasks.get(ResourceID.fromResource(task)).orElse(task));
      } else if (!new Side(task, false, "").over()) {
        busy.merge(task.getSpec().getNodeName(), 1, Integer::sum);
      }
    }
    addMissingTasks(migration, own, client);
    Map<String, NodeView> views =
        Stream.concat(nodes.list(node -> true), missingNodes(own, client))
            .map(
                node ->
                    new NodeView(
                        node,
                        busy.getOrDefault(node.getMetadata().getName(), 0),
                        now,
                        config.agentLostAfter()))
            .collect(Collectors.toMap(NodeView::name, view -> view, (listed, asked) -> listed));
    return new Observation(migration, own, views, now);
  }

  /**
   * Tasks of the recorded attempt that are not listed. Just created, they can be got by name. Apart
   * from that the cache proves nothing: while the operator stops, it is empty.
   */
  private void addMissingTasks(
      ProcessMigration migration, List<MigrationTask> own, KubernetesClient client) {
    Integer attempt = migration.getStatus() == null ? null : migration.getStatus().getAttempt();
    if (attempt == null) {
      return;
    }
    String namespace = migration.getMetadata().getNamespace();
    for (TaskRole role : TaskRole.values()) {
      String name = AttemptTasks.name(migration, attempt, role);
      if (own.stream().noneMatch(task -> task.getMetadata().getName().equals(name))) {
        tasks
            .get(new ResourceID(name, namespace))
            .or(
                () ->
                    Optional.ofNullable(
                            client
                                .resources(MigrationTask.class)
                                .inNamespace(namespace)
                                .withName(name)
                                .get())
                        .filter(task -> belongsTo(task, migration)))
            .ifPresent(own::add);
      }
    }
  }

  private static boolean belongsTo(MigrationTask task, ProcessMigration migration) {
    return task.getSpec().getMigrationRef().uid().equals(migration.getMetadata().getUid());
  }

  /** Nodes of tasks that are under way and not in the cache, which proves nothing, see above. */
  private Stream<MigrationNode> missingNodes(List<MigrationTask> own, KubernetesClient client) {
    return own.stream()
        .filter(task -> !new Side(task, false, "").over())
        .map(task -> task.getSpec().getNodeName())
        .distinct()
        .filter(name -> nodes.get(new ResourceID(name)).isEmpty())
        .map(name -> client.resources(MigrationNode.class).withName(name).get())
        .filter(Objects::nonNull);
  }

  private void act(Observation seen, Decision decision, KubernetesClient client) {
    if (decision instanceof StartAttempt start) {
      createTasks(seen, start, client);
    } else if (decision instanceof Proceed) {
      LOG.info("{}: both preflights passed, ordering the transfer", name(seen));
      // The target first: the source acts on its order at once and needs the target to have its
      // own.
      List.of(seen.target().orElseThrow(), seen.source().orElseThrow())
          .forEach(side -> order(side, "{\"spec\":{\"proceed\":true}}", client));
    } else if (decision instanceof Cancel cancel) {
      LOG.info("{}: stopping attempt {}: {}", name(seen), seen.attempt(), cancel.cause().message());
      cancel(seen.sides(), client);
    } else if (decision instanceof Finish || decision instanceof Retry) {
      cancel(seen.sides(), client);
      letGo(seen.tasks(), client);
    } else if (decision instanceof Release) {
      letGo(seen.tasks(), client);
    } else if (decision instanceof Delete) {
      LOG.info("{}: deleting, its time to live is over", name(seen));
      client.resource(seen.migration()).delete();
    } else if (decision instanceof Rest) {
      letGo(seen.tasks(), client);
    } else if (!(decision instanceof Accept || decision instanceof Wait)) {
      throw new IllegalStateException("unknown decision " + decision);
    }
  }

  private void createTasks(Observation seen, StartAttempt start, KubernetesClient client) {
    LOG.info(
        "{}: starting attempt {} from {} to {}",
        name(seen),
        start.attempt(),
        start.placement().source().name(),
        start.placement().target().name());
    String known =
        seen.sides().stream()
            .map(side -> side.task().getSpec().getToken())
            .findFirst()
            .orElseGet(AttemptTasks::newToken);
    String token =
        createOrGet(AttemptTasks.task(seen, start, TaskRole.Source, known), client)
            .getSpec()
            .getToken();
    createOrGet(AttemptTasks.task(seen, start, TaskRole.Target, token), client);
  }

  /**
   * Whoever restarts between creating and recording finds what it created before, token and all.
   */
  private MigrationTask createOrGet(MigrationTask wished, KubernetesClient client) {
    MigrationTask task;
    try {
      task = client.resource(wished).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      task = client.resource(wished).get();
      if (task == null
          || !task.getSpec()
              .getMigrationRef()
              .uid()
              .equals(wished.getSpec().getMigrationRef().uid())) {
        throw new IllegalStateException(
            "Task "
                + wished.getMetadata().getName()
                + " belongs to an earlier ProcessMigration of the same name and is not gone yet",
            e);
      }
    }
    tasks.handleRecentResourceCreate(ResourceID.fromResource(task), task);
    return task;
  }

  private void cancel(List<Side> sides, KubernetesClient client) {
    sides.stream()
        .filter(side -> !side.over() && !side.canceled())
        .forEach(side -> order(side, "{\"spec\":{\"cancel\":true}}", client));
  }

  private void order(Side side, String patch, KubernetesClient client) {
    MigrationTask before = side.task();
    MigrationTask after =
        client.resource(before).patch(PatchContext.of(PatchType.JSON_MERGE), patch);
    tasks.handleRecentResourceUpdate(ResourceID.fromResource(after), after, before);
  }

  private static void letGo(List<MigrationTask> all, KubernetesClient client) {
    all.forEach(task -> letGo(task, client));
  }

  /** Takes the finalizer off, by a patch that needs this object but no particular version of it. */
  private static void letGo(HasMetadata object, KubernetesClient client) {
    int index = object.getMetadata().getFinalizers().indexOf(Api.FINALIZER);
    if (index < 0) {
      return;
    }
    String patch =
        """
        [{"op": "test", "path": "/metadata/uid", "value": "%1$s"},
         {"op": "test", "path": "/metadata/finalizers/%2$d", "value": "%3$s"},
         {"op": "remove", "path": "/metadata/finalizers/%2$d"}]
        """
            .formatted(object.getMetadata().getUid(), index, Api.FINALIZER);
    try {
      client.resource(object).patch(PatchContext.of(PatchType.JSON), patch);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  private void report(Observation seen, Decision decision, Context<ProcessMigration> context) {
    Optional<ProcessMigrationStatus> built = StatusReport.of(seen, decision);
    if (built.isEmpty()) {
      return;
    }
    ProcessMigrationStatus before = seen.status();
    ProcessMigrationStatus after = built.get();
    // Events come first: told again after a crash they are recognised, lost they would be lost.
    PhaseEvents.of(seen.migration(), before, after, seen.now())
        .forEach(event -> tell(event, seen, context.getClient()));
    if (Serialization.asJson(before).equals(Serialization.asJson(after))) {
      return;
    }
    ProcessMigration fresh = new ProcessMigration();
    fresh.getMetadata().setName(seen.migration().getMetadata().getName());
    fresh.getMetadata().setNamespace(seen.migration().getMetadata().getNamespace());
    fresh.setSpec(null);
    fresh.setStatus(after);
    PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(seen.migration(), fresh, context);
  }

  private static void tell(Event event, Observation seen, KubernetesClient client) {
    LOG.info("{}: {}: {}", name(seen), event.getReason(), event.getMessage());
    try {
      client.resource(event).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return;
      }
      // A namespace that is being deleted takes no new events; the migration goes on.
      LOG.warn("{}: cannot store event {}: {}", name(seen), event.getReason(), e.getMessage());
    }
  }

  private static Optional<Duration> next(Observation seen, Decision decision) {
    if (decision instanceof Wait wait) {
      return wait.recheck().map(at -> positive(Duration.between(seen.now(), at)));
    } else if (decision instanceof Rest rest) {
      return rest.recheck().map(at -> positive(Duration.between(seen.now(), at)));
    } else if (decision instanceof Retry retry) {
      return Optional.of(positive(Duration.between(seen.now(), retry.at())));
    } else if (decision instanceof Delete || decision instanceof Release) {
      return Optional.empty();
    }
    // Something was changed: look at once what follows from it.
    return Optional.of(Duration.ofMillis(1));
  }

  private static Duration positive(Duration delay) {
    return delay.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : delay;
  }

  private static String name(Observation seen) {
    return seen.migration().getMetadata().getNamespace()
        + "/"
        + seen.migration().getMetadata().getName();
  }
}
