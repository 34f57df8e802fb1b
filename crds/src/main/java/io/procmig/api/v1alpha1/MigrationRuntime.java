// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * How procmig runs on the nodes of the cluster: agents, kernel modules, limits. A cluster has one,
 * named {@code default}.
 */
@Group(Api.GROUP)
@Version(Api.VERSION)
@Kind("MigrationRuntime")
@Plural("migrationruntimes")
@ShortNames("mrt")
@Categories(Api.CATEGORY)
@AdditionalPrinterColumn(
    name = "Ready",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "Desired", type = Type.INTEGER, jsonPath = ".status.agents.desired")
@AdditionalPrinterColumn(name = "Agents", type = Type.INTEGER, jsonPath = ".status.agents.ready")
@AdditionalPrinterColumn(
    name = "Image",
    type = Type.STRING,
    jsonPath = ".spec.agent.image",
    priority = 1)
@AdditionalPrinterColumn(name = "Age", type = Type.DATE, jsonPath = ".metadata.creationTimestamp")
@ValidationRule(
    value = "self.metadata.name == 'default'",
    message = "a cluster has one MigrationRuntime, and its name is default")
public class MigrationRuntime extends CustomResource<MigrationRuntimeSpec, MigrationRuntimeStatus> {
  private static final long serialVersionUID = 1L;
}
