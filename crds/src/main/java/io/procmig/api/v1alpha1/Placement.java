// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** How the target node was chosen. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Placement(
    @JsonPropertyDescription("The chosen node.") String nodeName,
    @JsonPropertyDescription("How many nodes could have taken the process.") Integer candidates,
    @JsonPropertyDescription("Why this node was chosen, or why none can be.") String message) {}
