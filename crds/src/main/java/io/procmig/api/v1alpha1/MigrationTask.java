// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.crd.generator.annotation.AdditionalSelectableField;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One side of one attempt of a {@link ProcessMigration}: an order of the operator to the agent of
 * one node, and that agent's report.
 *
 * <p>The API server selects tasks by {@code spec.nodeName}, so an agent watches only its own.
 */
@Group(Api.GROUP)
@Version(Api.VERSION)
@Kind("MigrationTask")
@Plural("migrationtasks")
@ShortNames("mtask")
@Categories(Api.CATEGORY)
@AdditionalSelectableField(jsonPath = ".spec.nodeName")
@AdditionalPrinterColumn(
    name = "Migration",
    type = Type.STRING,
    jsonPath = ".spec.migrationRef.name")
@AdditionalPrinterColumn(name = "Role", type = Type.STRING, jsonPath = ".spec.role")
@AdditionalPrinterColumn(name = "Node", type = Type.STRING, jsonPath = ".spec.nodeName")
@AdditionalPrinterColumn(name = "Phase", type = Type.STRING, jsonPath = ".status.phase")
@AdditionalPrinterColumn(name = "Token", type = Type.STRING, jsonPath = ".status.state")
@AdditionalPrinterColumn(name = "Age", type = Type.DATE, jsonPath = ".metadata.creationTimestamp")
public class MigrationTask extends CustomResource<MigrationTaskSpec, MigrationTaskStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1L;
}
