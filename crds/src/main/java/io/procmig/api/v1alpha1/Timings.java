// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/**
 * How long the parts of a migration took, as durations such as "154.2ms". Fields that are absent
 * are null.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Timings(
    @JsonPropertyDescription("Collecting obstacles on both nodes.") String preflight,
    @JsonPropertyDescription("Starting the stub and meeting the peer.") String prepare,
    @JsonPropertyDescription("From the first byte of state to the last.") String transfer,
    @JsonPropertyDescription(
            "From the freeze on the source to the first instruction on the target, or to "
                + "the thaw after a rollback.")
        String downtime,
    @JsonPropertyDescription(
            "From the first instruction on the target until the source holds nothing.")
        String drain,
    @JsonPropertyDescription("From the start of the task to its end.") String total) {}
