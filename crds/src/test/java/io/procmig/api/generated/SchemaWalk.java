// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Visits the properties of a schema. */
final class SchemaWalk {
  /** Kubernetes's own types, whose properties are described upstream. */
  private static final Set<String> FOREIGN = Set.of("conditions", "tolerations", "resources");

  private SchemaWalk() {}

  static JSONSchemaProps schema(CustomResourceDefinition definition) {
    return definition.getSpec().getVersions().get(0).getSchema().getOpenAPIV3Schema();
  }

  static List<String> undescribed(CustomResourceDefinition definition) {
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, JSONSchemaProps> part : properties(schema(definition)).entrySet()) {
      collect(
          definition.getSpec().getNames().getKind() + "." + part.getKey(), part.getValue(), found);
    }
    return found;
  }

  private static void collect(String path, JSONSchemaProps schema, List<String> found) {
    properties(schema)
        .forEach(
            (name, property) -> {
              if (property.getDescription() == null) {
                found.add(path + "." + name);
              }
              if (!FOREIGN.contains(name)) {
                collect(path + "." + name, property, found);
              }
            });
  }

  /** The properties of an object, or of the objects in an array. */
  static Map<String, JSONSchemaProps> properties(JSONSchemaProps schema) {
    if (schema.getItems() != null) {
      return properties(schema.getItems().getSchema());
    }
    return schema.getProperties() == null ? Map.of() : schema.getProperties();
  }
}
