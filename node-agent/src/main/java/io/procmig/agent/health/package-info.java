// SPDX-License-Identifier: Apache-2.0

/** What the kubelet's probes are told. */
package io.procmig.agent.health;
