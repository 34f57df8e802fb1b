// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One migration of one process, or of several as one event, from the user's wish to its outcome.
 */
@Group(Api.GROUP)
@Version(Api.VERSION)
@Kind("ProcessMigration")
@Plural("processmigrations")
@ShortNames("pmig")
@Categories(Api.CATEGORY)
@AdditionalPrinterColumn(name = "Source", type = Type.STRING, jsonPath = ".status.source.summary")
@AdditionalPrinterColumn(name = "From", type = Type.STRING, jsonPath = ".spec.source.nodeName")
@AdditionalPrinterColumn(name = "To", type = Type.STRING, jsonPath = ".status.target.nodeName")
@AdditionalPrinterColumn(name = "Phase", type = Type.STRING, jsonPath = ".status.phase")
@AdditionalPrinterColumn(
    name = "Progress",
    type = Type.INTEGER,
    jsonPath = ".status.progress.percent")
@AdditionalPrinterColumn(
    name = "Downtime",
    type = Type.STRING,
    jsonPath = ".status.timings.downtime")
@AdditionalPrinterColumn(name = "Age", type = Type.DATE, jsonPath = ".metadata.creationTimestamp")
@AdditionalPrinterColumn(
    name = "Reason",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    priority = 1)
@AdditionalPrinterColumn(
    name = "Scope",
    type = Type.STRING,
    jsonPath = ".spec.source.scope",
    priority = 1)
@AdditionalPrinterColumn(
    name = "Processes",
    type = Type.INTEGER,
    jsonPath = ".status.processes",
    priority = 1)
@AdditionalPrinterColumn(
    name = "PID",
    type = Type.INTEGER,
    jsonPath = ".status.target.pid",
    priority = 1)
@AdditionalPrinterColumn(
    name = "Source intact",
    type = Type.STRING,
    jsonPath = ".status.conditions[?(@.type==\"SourceIntact\")].status",
    priority = 1)
@ValidationRule(
    value = "size(self.metadata.name) <= 63",
    message = "the name of a ProcessMigration must be no longer than 63 characters")
public class ProcessMigration extends CustomResource<ProcessMigrationSpec, ProcessMigrationStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1L;
}
