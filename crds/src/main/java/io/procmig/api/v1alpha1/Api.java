// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

/** The words that every part of procmig shares: group, condition types, labels. */
public final class Api {
  /** API group of all kinds. */
  public static final String GROUP = "procmig.io";

  /** Version of all kinds. */
  public static final String VERSION = "v1alpha1";

  /** Category under which {@code kubectl get} lists all kinds. */
  public static final String CATEGORY = "procmig";

  /** Finalizer that lets an unfinished migration be canceled before its object goes. */
  public static final String FINALIZER = GROUP + "/migration";

  /** Name of the one MigrationRuntime of a cluster. */
  public static final String RUNTIME_NAME = "default";

  /** Label on a task: name of its ProcessMigration. */
  public static final String LABEL_MIGRATION = GROUP + "/migration";

  /** Label on a task: name of its node. */
  public static final String LABEL_NODE = GROUP + "/node";

  /** Condition: the object is as the spec wishes, in the sense of kstatus. */
  public static final String READY = "Ready";

  /** Condition: work towards the spec is under way, in the sense of kstatus. */
  public static final String RECONCILING = "Reconciling";

  /** Condition: no further progress is to be expected, in the sense of kstatus. */
  public static final String STALLED = "Stalled";

  /** Condition: the preflight found no obstacle. */
  public static final String PREFLIGHTED = "Preflighted";

  /** Condition: the copy on the source is the process. */
  public static final String SOURCE_INTACT = "SourceIntact";

  /** Condition: the measured downtime is within the budget. */
  public static final String DOWNTIME_WITHIN_BUDGET = "DowntimeWithinBudget";

  /** Condition: someone asked for the migration to be canceled. */
  public static final String CANCEL_REQUESTED = "CancelRequested";

  /** Condition of a MigrationNode: processes can leave it. */
  public static final String SOURCE_CAPABLE = "SourceCapable";

  /** Condition of a MigrationNode: processes can arrive at it. */
  public static final String TARGET_CAPABLE = "TargetCapable";

  private Api() {}
}
