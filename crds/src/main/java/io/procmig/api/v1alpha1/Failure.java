// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Why an attempt ended without moving the process. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Failure(
    @JsonPropertyDescription("Kind of failure.") @Required Reason reason,
    @JsonPropertyDescription("Who found it.") Component component,
    @JsonPropertyDescription("The step that failed, for example \"Freeze\".") String step,
    @JsonPropertyDescription("What failed, on which object, why, and what to do next.") @Required
        String message,
    @JsonPropertyDescription(
            "Whether another attempt may succeed without anyone changing anything.")
        Boolean retriable) {}
