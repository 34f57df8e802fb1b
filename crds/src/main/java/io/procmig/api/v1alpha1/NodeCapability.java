// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Whether a kind of process state can be migrated. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeCapability(
    @JsonPropertyDescription("Kind of state, for example tcp-socket.") @Required String kind,
    @JsonPropertyDescription("Whether it is carried.") @Required CapabilityState state,
    @JsonPropertyDescription("What that means, or which module carries it.") String message) {}
