// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CustomResourceDefinitionsTest {
  private static final Path CRDS = GoldenFile.ROOT.resolve("manifests/crds");
  private static final Path BASELINE = GoldenFile.ROOT.resolve("crds/src/baseline");
  private static final String HEADER =
      "# SPDX-License-Identifier: Apache-2.0\n"
          + "# Generated from crds/ by `make generate`; do not edit.\n";

  @Test
  void committedDefinitionsAreWhatTheTypesSay() throws IOException {
    for (CustomResourceDefinition definition : CustomResourceDefinitions.all().values()) {
      GoldenFile.check(
          CRDS.resolve(definition.getMetadata().getName() + "-v1.yml"),
          HEADER + Serialization.asYaml(definition));
    }
  }

  @Test
  void kustomizationListsEveryDefinition() throws IOException {
    StringBuilder text = new StringBuilder(HEADER);
    text.append("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
    for (String name : CustomResourceDefinitions.all().keySet()) {
      text.append("  - ").append(name).append("-v1.yml\n");
    }
    GoldenFile.check(CRDS.resolve("kustomization.yaml"), text.toString());
  }

  @Test
  void everyPropertyTellsWhatItIs() {
    List<String> silent = new ArrayList<>();
    CustomResourceDefinitions.all()
        .forEach((name, definition) -> silent.addAll(SchemaWalk.undescribed(definition)));
    assertEquals(List.of(), silent, "properties without a description");
  }

  @Test
  void releasedObjectsStayValid() throws IOException {
    Map<String, CustomResourceDefinition> now = CustomResourceDefinitions.all();
    List<String> breaks = new ArrayList<>();
    try (var files = Files.list(BASELINE)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yml")).sorted().toList()) {
        CustomResourceDefinition released =
            Serialization.unmarshal(Files.readString(file), CustomResourceDefinition.class);
        breaks.addAll(
            SchemaCompatibility.breaks(released, now.get(released.getMetadata().getName())));
      }
    }
    assertEquals(List.of(), breaks, "changes that break objects of a released version");
  }
}
