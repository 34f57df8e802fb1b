// SPDX-License-Identifier: Apache-2.0
package io.procmig.operator;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.procmig.operator.config.InvalidSettingException;
import io.procmig.operator.config.OperatorConfig;
import io.procmig.operator.health.HealthServer;
import io.procmig.operator.health.RunningReconciliations;
import io.procmig.operator.logging.Logs;
import io.procmig.operator.migration.MigrationReconciler;
import io.procmig.operator.runtime.RuntimeReconciler;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator's process: wires everything and runs until it is told to stop. */
public final class ProcmigOperator {
  private static final Logger LOG = LoggerFactory.getLogger(ProcmigOperator.class);
  private static final Duration TERMINATION = Duration.ofSeconds(10);
  private static final Duration CACHES = Duration.ofSeconds(150);

  /** Longer than any should take; a restart for one that would have ended does no harm. */
  private static final Duration LONGEST_RECONCILIATION = Duration.ofMinutes(10);

  /**
   * On a busy node the first answer takes long: the JVM is cold and so is the API server's cache.
   */
  private static final int PATIENCE_MS = 60_000;

  private static final String LEASE = "procmig-operator";

  /**
   * Long enough for a node that is short of processor time; an orderly end does not wait for it.
   */
  private static final Duration LEASE_DURATION = Duration.ofSeconds(30);

  private static final int EXIT_FAILURE = 1;
  private static final int EXIT_USAGE = 64;

  private ProcmigOperator() {}

  /** Runs the operator; takes no arguments, see {@link io.procmig.operator.config.Setting}. */
  public static void main(String[] args) {
    OperatorConfig config;
    try {
      config = OperatorConfig.from(System.getenv());
    } catch (InvalidSettingException e) {
      System.err.println(e.getMessage());
      System.exit(EXIT_USAGE);
      return;
    }
    Logs.configure(config);
    try {
      run(config);
    } catch (IOException | RuntimeException e) {
      // Other threads live already and would keep the process from ending.
      LOG.error("The operator cannot start; the kubelet tries again", e);
      System.exit(EXIT_FAILURE);
    }
  }

  private static void run(OperatorConfig config) throws IOException {
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder()
                    .withNamespace(config.namespace())
                    .withConnectionTimeout(PATIENCE_MS)
                    .withRequestTimeout(PATIENCE_MS)
                    // A connection that stalls is closed with the request that waits for it,
                    // instead of being kept for the next ones.
                    .withHttp2Disable(true)
                    .build())
            .build();
    AtomicBoolean started = new AtomicBoolean();
    AtomicBoolean stopping = new AtomicBoolean();
    RunningReconciliations running =
        new RunningReconciliations(Clock.systemUTC(), LONGEST_RECONCILIATION);
    Operator operator = operator(config, client, running, stopping);
    HealthServer health =
        new HealthServer(
            config.healthPort(),
            () -> illness(operator, started.get()).or(running::illness),
            () -> started.get() ? Optional.empty() : Optional.of("starting"));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stopping.set(true);
                  operator.stop();
                  releaseLease(config, client);
                  health.close();
                  client.close();
                },
                "shutdown"));
    operator.start();
    started.set(true);
    LOG.info("operator {} serves namespace {}", config.identity(), config.namespace());
  }

  private static Operator operator(
      OperatorConfig config,
      KubernetesClient client,
      RunningReconciliations running,
      AtomicBoolean stopping) {
    Clock clock = Clock.systemUTC();
    Operator operator =
        new Operator(
            service -> {
              service
                  .withKubernetesClient(client)
                  .withMetrics(running)
                  .withCloseClientOnStop(false)
                  .withStopOnInformerErrorDuringStartup(false)
                  .withCacheSyncTimeout(CACHES)
                  .withConcurrentReconciliationThreads(4)
                  .withConcurrentWorkflowExecutorThreads(2)
                  .withReconciliationTerminationTimeout(TERMINATION);
              if (config.leaderElection()) {
                service.withLeaderElectionConfiguration(leaderElection(config, stopping));
              }
            });
    operator.register(
        new MigrationReconciler(config, clock),
        controller -> {
          if (config.watchedNamespaces().isEmpty()) {
            controller.watchingAllNamespaces();
          } else {
            controller.settingNamespaces(config.watchedNamespaces());
          }
        });
    operator.register(new RuntimeReconciler(config, clock));
    return operator;
  }

  private static LeaderElectionConfiguration leaderElection(
      OperatorConfig config, AtomicBoolean stopping) {
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE)
        .withLeaseNamespace(config.namespace())
        .withLeaseDuration(LEASE_DURATION)
        .withRenewDeadline(LEASE_DURATION.multipliedBy(2).dividedBy(3))
        .withRetryPeriod(LEASE_DURATION.dividedBy(8))
        .withIdentity(config.identity())
        // The operator SDK would call System.exit(), which waits for the shutdown that calls it.
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(
            new LeaderCallbacks(
                () -> LOG.info("{} leads", config.identity()),
                () -> {
                  if (!stopping.get()) {
                    LOG.error(
                        "{} leads no more; another replica may, so this one ends",
                        config.identity());
                    Runtime.getRuntime().halt(EXIT_FAILURE);
                  }
                },
                leader -> {}))
        .build();
  }

  /** Lets another replica lead at once; without this it waits until the lease has run out. */
  private static void releaseLease(OperatorConfig config, KubernetesClient client) {
    if (!config.leaderElection()) {
      return;
    }
    try {
      Resource<Lease> resource = client.leases().inNamespace(config.namespace()).withName(LEASE);
      Lease lease = resource.get();
      if (lease != null && config.identity().equals(lease.getSpec().getHolderIdentity())) {
        lease.getSpec().setHolderIdentity("");
        client.resource(lease).update();
      }
    } catch (KubernetesClientException e) {
      LOG.warn("The lease runs out by itself; releasing it failed: {}", e.getMessage());
    }
  }

  /** A replica that waits to be elected is well; one whose watches are broken is not. */
  private static Optional<String> illness(Operator operator, boolean started) {
    if (!started || operator.getRuntimeInfo().allEventSourcesAreHealthy()) {
      return Optional.empty();
    }
    return Optional.of("broken watches: " + operator.getRuntimeInfo().unhealthyEventSources());
  }
}
