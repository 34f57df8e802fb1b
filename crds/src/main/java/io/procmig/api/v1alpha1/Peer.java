// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** Where the agent of the other side listens. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Peer(
    @JsonPropertyDescription("Name of the other node.") @Required @Size(min = 1, max = 253)
        String nodeName,
    @JsonPropertyDescription(
            "Address of its control channel as host:port; an IPv6 host is in brackets.")
        @Required
        @Pattern("^(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]]+):[0-9]{1,5}$")
        String controlAddress) {}
