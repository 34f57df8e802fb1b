// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.process.FileFact;
import java.util.List;

/**
 * What the target must know to check itself.
 *
 * @param pid the PID that the process needs
 * @param pids all numbers that it, what moves with it, and their threads need; {@code pid} first
 * @param kernelRelease of the source
 * @param abiVersion of the source's modules
 * @param streamVersion of the source's modules
 * @param machine of the source, as uname -m
 * @param xfeatures extended state components in use there
 * @param xstateBytes size of the extended register state there
 * @param memoryBytes that the processes will need
 * @param cpuFeatures flags of /proc/cpuinfo there
 * @param files that the processes use
 * @param claims what else they need to have for themselves, for the modules
 */
public record SourceFacts(
    int pid,
    List<Integer> pids,
    String kernelRelease,
    int abiVersion,
    int streamVersion,
    String machine,
    long xfeatures,
    int xstateBytes,
    long memoryBytes,
    List<String> cpuFeatures,
    List<FileFact> files,
    Claims claims) {}
