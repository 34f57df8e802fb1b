// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/**
 * Finds a process by what it is. It must match exactly one process; it is resolved once and the
 * result recorded in status.process. Fields that are absent are null.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "has(self.comm) || has(self.commandLineRegex) || has(self.uid)",
    message = "a selector must name at least one of comm, commandLineRegex and uid")
public record ProcessSelector(
    @JsonPropertyDescription("Name of the process as in /proc/PID/comm; at most 15 bytes.")
        @Size(min = 1, max = 15)
        String comm,
    @JsonPropertyDescription(
            "Java regular expression that must be found in the command line, its arguments "
                + "joined by single spaces.")
        @Size(min = 1, max = 1024)
        String commandLineRegex,
    @JsonPropertyDescription("Real user ID.") @Min(0) @Max(4294967295.0) Long uid) {}
