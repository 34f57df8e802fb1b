// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.TrafficKey;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * One data connection as both sides agree on it over the control channel.
 *
 * @param id 16 random bytes that the source sends first, so that the target knows which it is
 * @param role what the channel is for
 * @param sourceToTarget TLS material of that direction; null: TLS is off
 * @param targetToSource likewise
 */
public record ChannelSpec(
    byte[] id, ChannelRole role, TrafficKey sourceToTarget, TrafficKey targetToSource) {
  /** Length of {@link #id}. */
  public static final int ID_BYTES = 16;

  /** One demand channel and some bulk channels, at least one, with fresh keys. */
  public static List<ChannelSpec> fresh(SecureRandom random, int bulkChannels, boolean tls) {
    List<ChannelSpec> channels = new ArrayList<>();
    for (int i = 0; i <= bulkChannels; i++) {
      byte[] id = new byte[ID_BYTES];
      random.nextBytes(id);
      channels.add(
          new ChannelSpec(
              id,
              i == 0 ? ChannelRole.DEMAND : ChannelRole.BULK,
              tls ? TrafficKey.random(random) : null,
              tls ? TrafficKey.random(random) : null));
    }
    return channels;
  }
}
