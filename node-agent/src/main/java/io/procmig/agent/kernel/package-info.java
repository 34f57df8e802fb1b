// SPDX-License-Identifier: Apache-2.0

/**
 * The kernel as the agent sees it: {@link io.procmig.agent.kernel.Kernel} is what the rest of the
 * agent uses, and the only native code of the agent is behind it. Nothing outside this package
 * imports JNA.
 *
 * <p>The layout constants of the {@code *Struct} classes are compared in a test with {@code
 * abi/procmig.abi}, which is taken from the compiled C header.
 */
package io.procmig.agent.kernel;
