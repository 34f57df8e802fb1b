// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** What to do when an attempt fails for a reason that may pass. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RetryPolicy(
    @JsonPropertyDescription("How many further attempts are made after a retriable failure.")
        @Default("0")
        @Min(0)
        @Max(10)
        Integer limit) {}
