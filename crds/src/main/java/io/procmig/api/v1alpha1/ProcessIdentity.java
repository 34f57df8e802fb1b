// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;

/** Names one process of a node for as long as it lives. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ProcessIdentity(
    @JsonPropertyDescription("Process ID in the node's initial PID namespace.")
        @Required
        @Min(1)
        @Max(4194304)
        Integer pid,
    @JsonPropertyDescription(
            "Start time of the process in clock ticks since boot: field 22 of "
                + "/proc/PID/stat. When given, a PID that was reused since is refused with "
                + "ProcessIdentityChanged.")
        @Min(0)
        Long startTimeTicks) {}
