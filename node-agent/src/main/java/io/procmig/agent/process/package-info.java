// SPDX-License-Identifier: Apache-2.0

/** Processes as /proc shows them: identity, selection, the files that they use. */
package io.procmig.agent.process;
