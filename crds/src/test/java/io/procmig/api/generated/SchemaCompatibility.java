// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds changes of a schema that refuse, or lose something of, objects that the released schema
 * admits: removals, other types, narrower bounds, new requirements, new rules.
 */
final class SchemaCompatibility {
  private final List<String> breaks = new ArrayList<>();

  private SchemaCompatibility() {}

  /** What would break, one line each; empty if nothing does. */
  static List<String> breaks(CustomResourceDefinition released, CustomResourceDefinition now) {
    String kind = released.getSpec().getNames().getKind();
    if (now == null) {
      return List.of(kind + ": removed");
    }
    SchemaCompatibility comparison = new SchemaCompatibility();
    comparison.same(kind, "scope", released.getSpec().getScope(), now.getSpec().getScope());
    comparison.removed(
        kind,
        "short name",
        released.getSpec().getNames().getShortNames(),
        now.getSpec().getNames().getShortNames());
    Map<String, CustomResourceDefinitionVersion> versions =
        now.getSpec().getVersions().stream()
            .collect(Collectors.toMap(CustomResourceDefinitionVersion::getName, v -> v));
    for (CustomResourceDefinitionVersion version : released.getSpec().getVersions()) {
      CustomResourceDefinitionVersion same = versions.get(version.getName());
      if (same == null) {
        comparison.breaks.add(kind + ": version " + version.getName() + " removed");
      } else {
        comparison.compare(
            kind, version.getSchema().getOpenAPIV3Schema(), same.getSchema().getOpenAPIV3Schema());
      }
    }
    return comparison.breaks;
  }

  private void compare(String path, JSONSchemaProps released, JSONSchemaProps now) {
    same(path, "type", released.getType(), now.getType());
    same(path, "list type", released.getXKubernetesListType(), now.getXKubernetesListType());
    same(path, "list keys", released.getXKubernetesListMapKeys(), now.getXKubernetesListMapKeys());
    same(path, "default", released.getDefault(), now.getDefault());
    if (!Objects.equals(released.getPattern(), now.getPattern()) && now.getPattern() != null) {
      breaks.add(path + ": pattern " + now.getPattern() + " is new");
    }
    if (!Objects.equals(released.getFormat(), now.getFormat()) && now.getFormat() != null) {
      breaks.add(path + ": format " + now.getFormat() + " is new");
    }
    enumeration(path, released.getEnum(), now.getEnum());
    lower(path, "minimum", released.getMinimum(), now.getMinimum());
    lower(path, "minimum length", released.getMinLength(), now.getMinLength());
    lower(path, "minimum of items", released.getMinItems(), now.getMinItems());
    upper(path, "maximum", released.getMaximum(), now.getMaximum());
    upper(path, "maximum length", released.getMaxLength(), now.getMaxLength());
    upper(path, "maximum of items", released.getMaxItems(), now.getMaxItems());
    added(path, "requirement", released.getRequired(), now.getRequired());
    added(path, "rule", rules(released), rules(now));
    SchemaWalk.properties(released)
        .forEach(
            (name, property) -> {
              JSONSchemaProps same = SchemaWalk.properties(now).get(name);
              if (same == null) {
                breaks.add(path + "." + name + ": removed");
              } else {
                compare(path + "." + name, property, same);
              }
            });
    if (released.getItems() != null && now.getItems() != null) {
      JSONSchemaProps before = released.getItems().getSchema();
      JSONSchemaProps after = now.getItems().getSchema();
      same(path + "[]", "type", before.getType(), after.getType());
      enumeration(path + "[]", before.getEnum(), after.getEnum());
      added(path + "[]", "requirement", before.getRequired(), after.getRequired());
      added(path + "[]", "rule", rules(before), rules(after));
    }
  }

  private static List<String> rules(JSONSchemaProps schema) {
    return schema.getXKubernetesValidations() == null
        ? List.of()
        : schema.getXKubernetesValidations().stream().map(ValidationRule::getRule).toList();
  }

  private void enumeration(String path, List<JsonNode> released, List<JsonNode> now) {
    if (now == null || now.isEmpty()) {
      return;
    }
    if (released == null || released.isEmpty()) {
      breaks.add(path + ": enumeration is new");
    } else {
      removed(path, "value", released, now);
    }
  }

  private void same(String path, String what, Object released, Object now) {
    if (!Objects.equals(released, now)) {
      breaks.add(path + ": " + what + " " + released + " became " + now);
    }
  }

  private <T> void removed(String path, String what, List<T> released, List<T> now) {
    Set<T> gone = new HashSet<>(released);
    gone.removeAll(now);
    gone.forEach(value -> breaks.add(path + ": " + what + " " + value + " removed"));
  }

  private void added(String path, String what, List<String> released, List<String> now) {
    Set<String> fresh = new HashSet<>(now == null ? List.of() : now);
    fresh.removeAll(released == null ? List.of() : released);
    fresh.forEach(value -> breaks.add(path + ": " + what + " " + value + " is new"));
  }

  private void lower(String path, String what, Number released, Number now) {
    if (now != null && (released == null || now.doubleValue() > released.doubleValue())) {
      breaks.add(path + ": " + what + " " + released + " became " + now);
    }
  }

  private void upper(String path, String what, Number released, Number now) {
    if (now != null && (released == null || now.doubleValue() < released.doubleValue())) {
      breaks.add(path + ": " + what + " " + released + " became " + now);
    }
  }
}
