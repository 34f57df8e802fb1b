// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Which processes to move, and from where. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "has(self.process) != has(self.selector)",
    message = "exactly one of process and selector must be given")
public record MigrationSource(
    @JsonPropertyDescription("Name of the node that the process runs on.")
        @Required
        @Size(min = 1, max = 253)
        String nodeName,
    @JsonPropertyDescription("The process, by its ID. Exactly one of process and selector.")
        ProcessIdentity process,
    @JsonPropertyDescription("The process, by what it is. Exactly one of process and selector.")
        ProcessSelector selector,
    @JsonPropertyDescription(
            "Which processes move with it, as one event with one outcome: nobody else (Tree), or "
                + "its Session, its ProcessGroup, or its Cgroup (v2) with the cgroups below. "
                + "Whatever descends from one of them moves too. What is in it is settled when "
                + "the processes are frozen.")
        @Default("Tree")
        MigrationScope scope) {}
