// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** How far a migration is. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Progress(
    @JsonPropertyDescription("Share of the expected bytes that have arrived, 0 to 100.")
        @Min(0)
        @Max(100)
        Integer percent,
    @JsonPropertyDescription("Round of copying, from 1.") Integer round,
    @JsonPropertyDescription("Bytes that this migration is expected to move.") Long bytesTotal,
    @JsonPropertyDescription("Bytes that have arrived on the target.") Long bytesTransferred,
    @JsonPropertyDescription("Bytes that have yet to arrive.") Long bytesRemaining,
    @JsonPropertyDescription("Bytes per second that the process makes dirty.") Long dirtyRate) {}
