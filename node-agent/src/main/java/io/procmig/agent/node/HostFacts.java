// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.node;

import io.procmig.agent.process.ProcFiles;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What does not change while the kernel runs.
 *
 * @param bootId changes with every boot
 * @param kernelRelease as uname -r
 * @param machine as uname -m
 * @param cpuVendor vendor of the processor
 * @param cpuModel model of the processor
 * @param cpuFeatures flags, sorted
 */
public record HostFacts(
    String bootId,
    String kernelRelease,
    String machine,
    String cpuVendor,
    String cpuModel,
    List<String> cpuFeatures) {
  /** Reads them from /proc. */
  public static HostFacts read(ProcFiles proc) {
    Map<String, String> cpu = firstProcessor(proc.global("cpuinfo"));
    return new HostFacts(
        proc.global("sys/kernel/random/boot_id").strip(),
        proc.global("sys/kernel/osrelease").strip(),
        // The modules are for x86-64 only, and so is the agent's image.
        System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch"),
        cpu.getOrDefault("vendor_id", "unknown"),
        cpu.getOrDefault("model name", "unknown"),
        Arrays.stream(cpu.getOrDefault("flags", "").split(" "))
            .filter(flag -> !flag.isEmpty())
            .sorted()
            .toList());
  }

  private static Map<String, String> firstProcessor(String cpuinfo) {
    Map<String, String> fields = new TreeMap<>();
    for (String line : cpuinfo.split("\n")) {
      if (line.isBlank()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }
}
