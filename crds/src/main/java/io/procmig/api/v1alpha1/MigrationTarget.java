// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;

/** Where to move the process. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "has(self.nodeName) != has(self.nodeSelector)",
    message = "exactly one of nodeName and nodeSelector must be given")
public record MigrationTarget(
    @JsonPropertyDescription(
            "Name of the node to move to. Exactly one of nodeName and nodeSelector.")
        @Size(min = 1, max = 253)
        String nodeName,
    @JsonPropertyDescription(
            "Labels that the MigrationNode of the target must carry; one that is ready, "
                + "capable and has a free slot is chosen. An empty selector matches every node. "
                + "Exactly one of nodeName and nodeSelector.")
        @Size(max = 32)
        Map<String, String> nodeSelector) {}
