// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** The agent of a node. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeAgent(
    @JsonPropertyDescription("Version of the agent.") String version,
    @JsonPropertyDescription("Name of its pod.") String podName) {}
