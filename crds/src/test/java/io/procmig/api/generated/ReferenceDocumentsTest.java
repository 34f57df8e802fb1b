// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionNames;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReferenceDocumentsTest {
  private static final Path REFERENCE = GoldenFile.ROOT.resolve("docs/reference");
  private static final String HEADER =
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
          + "<!-- Generated from crds/ by `make generate`; do not edit. -->\n";
  private static final Set<String> FOREIGN = Set.of("conditions", "tolerations", "resources");

  @Test
  void resourceReferenceIsWhatTheSchemasSay() throws IOException {
    StringBuilder text = new StringBuilder(HEADER);
    text.append("# Custom resources of procmig.io/v1alpha1\n");
    CustomResourceDefinitions.all().values().forEach(definition -> resource(text, definition));
    GoldenFile.check(REFERENCE.resolve("resources.md"), text.toString());
  }

  @Test
  void troubleshootingListsEveryReason() throws IOException {
    StringBuilder text = new StringBuilder(HEADER);
    text.append("# Troubleshooting by reason\n\n");
    text.append("Conditions, failures, obstacles and events give one of these reasons.\n");
    text.append("A failure marked *retried* is attempted again up to `spec.retry.limit` times.\n");
    for (Reason.Kind kind :
        List.of(
            Reason.Kind.PERMANENT,
            Reason.Kind.TRANSIENT,
            Reason.Kind.VERDICT,
            Reason.Kind.PROGRESS,
            Reason.Kind.SUCCESS)) {
      text.append("\n## ").append(title(kind)).append("\n\n");
      text.append("| reason | what it means | what to do |\n|---|---|---|\n");
      for (Reason reason : Reason.values()) {
        if (reason.kind() == kind) {
          row(text, "`" + reason + "`", reason.meaning(), reason.nextStep());
        }
      }
    }
    GoldenFile.check(REFERENCE.resolve("reasons.md"), text.toString());
  }

  private static String title(Reason.Kind kind) {
    return switch (kind) {
      case PERMANENT -> "Failures that stay until something changes";
      case TRANSIENT -> "Failures that may pass (*retried*)";
      case VERDICT -> "Findings";
      case PROGRESS -> "Under way";
      case SUCCESS -> "As wished";
    };
  }

  private static void resource(StringBuilder text, CustomResourceDefinition definition) {
    CustomResourceDefinitionNames names = definition.getSpec().getNames();
    text.append("\n## ").append(names.getKind()).append("\n\n");
    text.append("Short name `").append(String.join("`, `", names.getShortNames())).append("`, ");
    text.append(
        definition.getSpec().getScope().equals("Namespaced") ? "namespaced" : "cluster-wide");
    text.append(".\n");
    SchemaWalk.properties(SchemaWalk.schema(definition))
        .forEach(
            (part, schema) -> {
              text.append("\n### ").append(names.getKind()).append('.').append(part).append("\n\n");
              text.append("| field | type | description |\n|---|---|---|\n");
              fields(text, "", schema);
              rules(text, schema);
            });
  }

  private static void fields(StringBuilder text, String prefix, JSONSchemaProps schema) {
    Set<String> required = Set.copyOf(required(schema));
    for (Map.Entry<String, JSONSchemaProps> field : SchemaWalk.properties(schema).entrySet()) {
      String path = prefix + field.getKey();
      JSONSchemaProps property = field.getValue();
      String requirement = required.contains(field.getKey()) ? " **Required.**" : "";
      row(text, "`" + path + "`", type(property), property.getDescription() + requirement);
      if (!FOREIGN.contains(field.getKey())) {
        fields(text, path + (property.getItems() == null ? "." : "[]."), property);
      }
    }
  }

  private static List<String> required(JSONSchemaProps schema) {
    JSONSchemaProps object = schema.getItems() == null ? schema : schema.getItems().getSchema();
    return object.getRequired() == null ? List.of() : object.getRequired();
  }

  private static String type(JSONSchemaProps schema) {
    List<String> facts = new ArrayList<>();
    if (schema.getItems() != null) {
      facts.add("list of " + type(schema.getItems().getSchema()));
    } else if (schema.getAdditionalProperties() != null) {
      facts.add("map of " + type(schema.getAdditionalProperties().getSchema()));
    } else if (schema.getEnum() != null && !schema.getEnum().isEmpty()) {
      facts.add(schema.getEnum().stream().map(v -> v.asText()).collect(Collectors.joining(", ")));
    } else {
      facts.add("date-time".equals(schema.getFormat()) ? "time" : schema.getType());
    }
    if (schema.getMinimum() != null) {
      facts.add("≥ " + schema.getMinimum().longValue());
    }
    if (schema.getMaximum() != null) {
      facts.add("≤ " + schema.getMaximum().longValue());
    }
    if (schema.getDefault() != null) {
      facts.add("default " + schema.getDefault().asText());
    }
    return String.join("; ", facts);
  }

  private static void rules(StringBuilder text, JSONSchemaProps schema) {
    List<ValidationRule> rules = schema.getXKubernetesValidations();
    if (rules != null && !rules.isEmpty()) {
      text.append("\nRules:\n\n");
      rules.forEach(rule -> text.append("- ").append(rule.getMessage()).append('\n'));
    }
  }

  private static void row(StringBuilder text, String... cells) {
    text.append("| ");
    text.append(
        Stream.of(cells).map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ")));
    text.append(" |\n");
  }
}
