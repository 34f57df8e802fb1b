// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.RequestEvent;
import java.util.List;
import java.util.function.Consumer;

/** Waits for the events of requests. */
public interface RequestWatch {
  /**
   * Delivers events until the watching is closed or the request is final.
   *
   * @param sink called from another thread
   */
  Watching watch(KernelRequest request, Consumer<List<RequestEvent>> sink);

  /** Watching of one request. */
  interface Watching {
    /** Stops, and closes the request when nobody waits on it any more. */
    void closeWithRequest();
  }
}
