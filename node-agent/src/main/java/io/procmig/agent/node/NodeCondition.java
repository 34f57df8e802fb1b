// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.node;

import io.procmig.api.v1alpha1.Reason;

/**
 * One judgement about the node.
 *
 * @param type a condition type of {@link io.procmig.api.v1alpha1.Api}
 * @param holds whether it is true
 * @param reason why
 * @param message for people
 */
public record NodeCondition(String type, boolean holds, Reason reason, String message) {}
