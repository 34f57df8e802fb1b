// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** Bounds on all migrations. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RuntimeLimits(
    @JsonPropertyDescription(
            "How many migrations a node takes part in at once, as source and as target "
                + "together.")
        @Default("2")
        @Min(1)
        @Max(64)
        Integer maxConcurrentPerNode,
    @JsonPropertyDescription("Bytes per second that one migration may use; absent means unlimited.")
        @Min(1)
        Long bandwidth) {}
