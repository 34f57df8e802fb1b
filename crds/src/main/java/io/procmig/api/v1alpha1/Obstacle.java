// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** One thing that keeps a process from being migrated. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Obstacle(
    @JsonPropertyDescription("Kind of obstacle.") @Required Reason code,
    @JsonPropertyDescription("The subsystem that found it, or that would have to carry the object.")
        String subsystem,
    @JsonPropertyDescription("The object in the way, for example \"fd 5\" or \"thread 1234\".")
        String object,
    @JsonPropertyDescription("What is in the way, why, and what to do next, in one sentence.")
        @Required
        String message) {}
