// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.generated;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.Test;

class SchemaCompatibilityTest {
  private static final String RELEASED =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: things.procmig.io}
      spec:
        scope: Namespaced
        names: {kind: Thing, plural: things, shortNames: [th]}
        versions:
        - name: v1
          schema:
            openAPIV3Schema:
              type: object
              properties:
                size: {type: integer, maximum: 10}
                mode: {type: string, enum: [A, B]}
      """;

  @Test
  void sameSchemaBreaksNothing() {
    assertEquals(List.of(), breaksAfter("", ""));
  }

  @Test
  void widerBoundsAndMoreValuesBreakNothing() {
    assertEquals(List.of(), breaksAfter("maximum: 10", "maximum: 20"));
    assertEquals(List.of(), breaksAfter("[A, B]", "[A, B, C]"));
  }

  @Test
  void removalsBreak() {
    assertEquals(
        List.of("Thing.mode: removed"),
        breaksAfter("          mode: {type: string, enum: [A, B]}\n", ""));
    assertEquals(List.of("Thing.mode: value \"B\" removed"), breaksAfter("[A, B]", "[A]"));
    assertEquals(List.of("Thing: short name th removed"), breaksAfter("[th]", "[]"));
    assertEquals(List.of("Thing: version v1 removed"), breaksAfter("name: v1", "name: v2"));
    assertEquals(List.of("Thing: removed"), SchemaCompatibility.breaks(parse(RELEASED), null));
  }

  @Test
  void narrowerBoundsAndNewRequirementsBreak() {
    assertEquals(
        List.of("Thing.size: maximum 10.0 became 9.0"), breaksAfter("maximum: 10", "maximum: 9"));
    assertEquals(
        List.of("Thing.size: type integer became string"),
        breaksAfter("type: integer", "type: string"));
    assertEquals(
        List.of("Thing: requirement size is new"),
        breaksAfter("type: object\n", "type: object\n        required: [size]\n"));
    assertEquals(
        List.of("Thing.size: rule self > 1 is new"),
        breaksAfter("maximum: 10", "maximum: 10, x-kubernetes-validations: [{rule: self > 1}]"));
  }

  private static List<String> breaksAfter(String before, String after) {
    return SchemaCompatibility.breaks(parse(RELEASED), parse(RELEASED.replace(before, after)));
  }

  private static CustomResourceDefinition parse(String yaml) {
    return Serialization.unmarshal(yaml, CustomResourceDefinition.class);
  }
}
