// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * What one node can do for migrations. Its name is the name of the Kubernetes node; the agent of
 * that node creates it, owns it and is the only one to write it.
 */
@Group(Api.GROUP)
@Version(Api.VERSION)
@Kind("MigrationNode")
@Plural("migrationnodes")
@ShortNames("mnode")
@Categories(Api.CATEGORY)
@AdditionalPrinterColumn(
    name = "Ready",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(
    name = "Source",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"SourceCapable\")].status")
@AdditionalPrinterColumn(
    name = "Target",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"TargetCapable\")].status")
@AdditionalPrinterColumn(name = "Kernel", type = Type.STRING, jsonPath = ".status.kernelRelease")
@AdditionalPrinterColumn(name = "Used", type = Type.INTEGER, jsonPath = ".status.slots.used")
@AdditionalPrinterColumn(name = "Slots", type = Type.INTEGER, jsonPath = ".status.slots.total")
@AdditionalPrinterColumn(name = "Heartbeat", type = Type.DATE, jsonPath = ".status.heartbeatTime")
public class MigrationNode extends CustomResource<Void, MigrationNodeStatus> {
  private static final long serialVersionUID = 1L;
}
