// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;

/** How one object of the process is treated. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "self.kind != 'Stdio' || !has(self.fileDescriptor) || " + "self.fileDescriptor <= 2",
    message = "fileDescriptor must be 0, 1 or 2 with kind Stdio")
public record Mechanism(
    @JsonPropertyDescription("What the mechanism applies to.") @Required MechanismKind kind,
    @JsonPropertyDescription(
            "The file descriptor it applies to. With kind Stdio one of 0, 1, 2; absent "
                + "means all three. With kind File absent means every regular file.")
        @Min(0)
        @Max(1048575)
        Integer fileDescriptor,
    @JsonPropertyDescription("What to do.") @Required MechanismChoice mechanism) {}
