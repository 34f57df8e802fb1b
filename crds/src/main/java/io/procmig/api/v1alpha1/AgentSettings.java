// SPDX-License-Identifier: Apache-2.0
package io.procmig.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** How agents run. Fields that are absent are null. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record AgentSettings(
    @JsonPropertyDescription("Container image of the agent.") @Required @Size(min = 1, max = 1024)
        String image,
    @JsonPropertyDescription("When the kubelet pulls it.") @Default("IfNotPresent")
        ImagePullPolicy imagePullPolicy,
    @JsonPropertyDescription("Labels of the nodes that get an agent; absent means every node.")
        @Size(max = 32)
        Map<String, String> nodeSelector,
    @JsonPropertyDescription("Taints that agents tolerate.") List<Toleration> tolerations,
    @JsonPropertyDescription("Resources of the agent container.") ResourceRequirements resources,
    @JsonPropertyDescription("Port of the control channel, on the host network.")
        @Default("7443")
        @Min(1)
        @Max(65535)
        Integer controlPort,
    @JsonPropertyDescription("Where agents run.") @Default("Always") AgentScheduling scheduling) {}
