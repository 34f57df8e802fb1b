// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/**
 * Where the modules for some kernels come from. What no entry matches comes from the agent image.
 * Fields that are absent are null.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "has(self.kernelRelease) != has(self.kernelReleaseRegex)",
    message = "exactly one of kernelRelease and kernelReleaseRegex must be given")
@ValidationRule(
    value = "has(self.image) != has(self.hostPath)",
    message = "exactly one of image and hostPath must be given")
public record KernelModules(
    @JsonPropertyDescription(
            "Exact kernel release, as uname -r. Exactly one of kernelRelease and "
                + "kernelReleaseRegex.")
        @Size(min = 1, max = 64)
        String kernelRelease,
    @JsonPropertyDescription("Java regular expression that the whole kernel release must match.")
        @Size(min = 1, max = 256)
        String kernelReleaseRegex,
    @JsonPropertyDescription(
            "Image whose entry point copies the modules into the directory that "
                + "PROCMIG_MODULES_OUT names. Exactly one of image and hostPath.")
        @Size(min = 1, max = 1024)
        String image,
    @JsonPropertyDescription("Absolute directory of the node that holds the modules.")
        @Pattern("^/[^\\0]*$")
        @Size(min = 1, max = 1024)
        String hostPath) {}
