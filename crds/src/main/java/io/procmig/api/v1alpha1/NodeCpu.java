// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;

/** What the processors of a node offer to a process. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeCpu(
    @JsonPropertyDescription("Vendor of the processor.") String vendor,
    @JsonPropertyDescription("Model name of the processor.") String model,
    @JsonPropertyDescription("Feature flags as in /proc/cpuinfo, sorted.") List<String> features,
    @JsonPropertyDescription("Bytes of extended state that a task may use.") Integer xstateSize,
    @JsonPropertyDescription("Mask of extended state components (XCR0), hexadecimal with 0x.")
        String xstateFeatures) {}
