// SPDX-License-Identifier: Apache-2.0

/** Where log lines go, and that they go there until the end. */
package io.procmig.agent.logging;
