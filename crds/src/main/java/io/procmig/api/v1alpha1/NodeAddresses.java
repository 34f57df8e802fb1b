// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** Where a node's agent is reached. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeAddresses(
    @JsonPropertyDescription("Address of the control channel as host:port.") String control,
    @JsonPropertyDescription("Host that data connections go to.") String data) {}
