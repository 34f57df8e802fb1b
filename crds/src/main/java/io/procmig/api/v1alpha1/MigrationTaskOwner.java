// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** The ProcessMigration that a task belongs to. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MigrationTaskOwner(
    @JsonPropertyDescription("Name, in the namespace of the task.")
        @Required
        @Size(min = 1, max = 253)
        String name,
    @JsonPropertyDescription("UID.") @Required @Size(min = 1, max = 64) String uid) {}
