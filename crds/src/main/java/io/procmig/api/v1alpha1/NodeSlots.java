// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** How many migrations a node takes part in. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeSlots(
    @JsonPropertyDescription("How many it may take part in at once.") Integer total,
    @JsonPropertyDescription("How many it takes part in now.") Integer used) {}
