// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.CustomResource;
import io.procmig.api.v1alpha1.MigrationNode;
import io.procmig.api.v1alpha1.MigrationRuntime;
import io.procmig.api.v1alpha1.MigrationTask;
import io.procmig.api.v1alpha1.ProcessMigration;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The custom resource definitions, made from the types by Fabric8's generator and completed with
 * what it leaves out: the requirement of a spec, the key of condition lists, the format of times,
 * the order of printer columns.
 */
final class CustomResourceDefinitions {
  static final List<Class<? extends CustomResource<?, ?>>> KINDS =
      List.of(
          ProcessMigration.class, MigrationTask.class, MigrationNode.class, MigrationRuntime.class);

  private static final Set<String> REASONS = Set.of("reason", "code");

  private CustomResourceDefinitions() {}

  /** The definitions by name, in the order of {@link #KINDS}. */
  static Map<String, CustomResourceDefinition> all() {
    Map<String, CustomResourceDefinition> definitions = new LinkedHashMap<>();
    for (Class<? extends CustomResource<?, ?>> kind : KINDS) {
      List<CustomResourceDefinition> made = new ArrayList<>();
      new CRDGenerator()
          .customResourceClasses(List.of(kind))
          .withOutput(
              new CRDGenerator.AbstractCRDOutput<OutputStream>() {
                @Override
                protected OutputStream createStreamFor(String name) {
                  return OutputStream.nullOutputStream();
                }
              })
          .withPostProcessor(
              new CRDPostProcessor() {
                @Override
                public HasMetadata process(HasMetadata crd, String version) {
                  made.add((CustomResourceDefinition) crd);
                  return crd;
                }
              })
          .generate();
      CustomResourceDefinition definition = made.get(0);
      complete(definition, kind);
      definitions.put(definition.getMetadata().getName(), definition);
    }
    return definitions;
  }

  private static void complete(
      CustomResourceDefinition definition, Class<? extends CustomResource<?, ?>> kind) {
    for (CustomResourceDefinitionVersion version : definition.getSpec().getVersions()) {
      JSONSchemaProps root = version.getSchema().getOpenAPIV3Schema();
      if (root.getProperties().get("spec").getProperties().isEmpty()) {
        root.getProperties().remove("spec");
      } else {
        root.setRequired(List.of("spec"));
      }
      root.getProperties().forEach(CustomResourceDefinitions::complete);
      orderColumns(version.getAdditionalPrinterColumns(), kind);
    }
  }

  private static void complete(String name, JSONSchemaProps schema) {
    if (name.equals("conditions")) {
      schema.setXKubernetesListType("map");
      schema.setXKubernetesListMapKeys(List.of("type"));
      JSONSchemaProps condition = schema.getItems().getSchema();
      condition.setRequired(List.of("lastTransitionTime", "reason", "status", "type"));
      condition
          .getProperties()
          .get("status")
          .setEnum(List.of(new TextNode("True"), new TextNode("False"), new TextNode("Unknown")));
    } else if ("array".equals(schema.getType())) {
      schema.setXKubernetesListType("atomic");
    } else if ("string".equals(schema.getType()) && name.endsWith("Time")) {
      schema.setFormat("date-time");
    } else if (REASONS.contains(name) && schema.getEnum() != null) {
      // A newer agent may know reasons that this schema does not; they must not cost its report.
      schema.setEnum(null);
      schema.setPattern("^[A-Z][A-Za-z]+$");
    }
    if (schema.getProperties() != null) {
      schema.getProperties().forEach(CustomResourceDefinitions::complete);
    }
    if (schema.getItems() != null) {
      complete("", schema.getItems().getSchema());
    }
  }

  private static void orderColumns(
      List<CustomResourceColumnDefinition> columns, Class<? extends CustomResource<?, ?>> kind) {
    List<String> order =
        Stream.of(kind.getAnnotationsByType(AdditionalPrinterColumn.class))
            .map(AdditionalPrinterColumn::name)
            .toList();
    columns.sort(Comparator.comparing(column -> order.indexOf(column.getName())));
  }
}
