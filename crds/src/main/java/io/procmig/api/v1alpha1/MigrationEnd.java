// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** One end of a migration. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MigrationEnd(
    @JsonPropertyDescription("Name of the node.") String nodeName,
    @JsonPropertyDescription("Process ID there.") Integer pid,
    @JsonPropertyDescription("Name of the MigrationTask of the current attempt.") String taskName,
    @JsonPropertyDescription("The process for people to read, for example \"bc[1234]\".")
        String summary) {}
