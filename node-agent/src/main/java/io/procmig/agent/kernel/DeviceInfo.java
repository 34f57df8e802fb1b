// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * What the modules say about themselves and the machine: {@code struct procmig_info}.
 *
 * @param abiVersion version of the interface
 * @param streamVersion version of the stream
 * @param requests requests that exist now
 * @param monotonicNs CLOCK_MONOTONIC of the initial time namespace
 * @param boottimeNs CLOCK_BOOTTIME likewise
 * @param xfeatures mask of the extended state components in use
 * @param xstateBytes size of the extended register state
 * @param kernelRelease as uname -r
 */
public record DeviceInfo(
    int abiVersion,
    int streamVersion,
    int requests,
    long monotonicNs,
    long boottimeNs,
    long xfeatures,
    int xstateBytes,
    String kernelRelease) {}
