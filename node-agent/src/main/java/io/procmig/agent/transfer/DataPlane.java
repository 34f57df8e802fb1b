// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.SubmitOrder;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/** Makes the connections that become the channels of requests. */
public interface DataPlane {
  /** Connected channels; closing gives up the agent's descriptors, the kernel keeps its own. */
  interface Channels extends AutoCloseable {
    /** For {@link SubmitOrder}, in the order of the specifications. */
    List<SubmitOrder.Channel> descriptors();

    @Override
    void close();
  }

  /** A listener that waits for the channels of one token. */
  interface Listening extends AutoCloseable {
    /** Where the source connects to. */
    InetSocketAddress address();

    /** Stops listening; channels that were handed over stay. */
    @Override
    void close();
  }

  /**
   * Connects all channels to a listening target and proves the keys in both directions. Blocks.
   *
   * @throws TransferException if one cannot be connected
   */
  Channels connect(InetSocketAddress address, List<ChannelSpec> channels);

  /**
   * Listens until all channels are connected and proved.
   *
   * @param connected called once, from another thread
   * @throws TransferException if nothing can listen, or the kernel lacks TLS
   */
  Listening listen(List<ChannelSpec> channels, Consumer<Channels> connected);
}
