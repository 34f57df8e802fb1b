// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** How many agents there are. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record AgentCounts(
    @JsonPropertyDescription("How many nodes should run an agent.") Integer desired,
    @JsonPropertyDescription("How many agents are ready.") Integer ready,
    @JsonPropertyDescription("How many agents run with the current settings.") Integer updated) {}
