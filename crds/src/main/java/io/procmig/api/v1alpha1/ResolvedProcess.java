// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** A process as it was found on its node. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ResolvedProcess(
    @JsonPropertyDescription("Process ID on the source node.") Integer pid,
    @JsonPropertyDescription("Start time in clock ticks since boot: field 22 of /proc/PID/stat.")
        Long startTimeTicks,
    @JsonPropertyDescription("Name as in /proc/PID/comm.") String comm,
    @JsonPropertyDescription("Arguments joined by single spaces, cut after 1024 characters.")
        String commandLine,
    @JsonPropertyDescription("Real user ID.") Long uid) {}
