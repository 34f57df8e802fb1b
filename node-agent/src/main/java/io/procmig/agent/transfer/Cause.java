// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;

/**
 * Why a side gave up.
 *
 * @param reason kind of failure
 * @param component who found it
 * @param step what was being done, for example "Prepare"
 * @param message what failed, on which object, why, and what to do next
 */
public record Cause(Reason reason, Component component, String step, String message) {}
