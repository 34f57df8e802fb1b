// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** A kernel module of procmig that is loaded on a node. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NodeModule(
    @JsonPropertyDescription("Name of the module.") @Required String name,
    @JsonPropertyDescription("Version of the module.") String version,
    @JsonPropertyDescription("Hash of its sources as the kernel reports it.") String srcversion,
    @JsonPropertyDescription("What it is.") ModuleKind kind,
    @JsonPropertyDescription("Its use count.") Integer users,
    @JsonPropertyDescription("Its state.") ModuleState state) {}
