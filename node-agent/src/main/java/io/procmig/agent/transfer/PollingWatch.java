// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.KernelState;
import io.procmig.agent.kernel.RequestEvent;
import io.procmig.agent.kernel.RequestStatus;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread per request that waits in poll(2). When nothing happens it tells the present state, so
 * that progress is seen and no event that was missed is missed for long.
 */
public final class PollingWatch implements RequestWatch {
  private static final Logger LOG = LoggerFactory.getLogger(PollingWatch.class);

  private final Duration idle;

  /**
   * A watch.
   *
   * @param idle how often the present state is told
   */
  public PollingWatch(Duration idle) {
    this.idle = idle;
  }

  @Override
  public Watching watch(KernelRequest request, Consumer<List<RequestEvent>> sink) {
    AtomicBoolean closing = new AtomicBoolean();
    Thread thread =
        new Thread(() -> run(request, sink, closing), "procmig-request-" + request.id());
    thread.setDaemon(true);
    thread.start();
    return () -> closing.set(true);
  }

  private void run(
      KernelRequest request, Consumer<List<RequestEvent>> sink, AtomicBoolean closing) {
    try (request) {
      boolean over = false;
      while (!closing.get()) {
        // A final request has nothing to say any more; it stays open until it is closed.
        List<RequestEvent> events = request.awaitEvents(idle);
        if (events.isEmpty() && !over) {
          RequestStatus status = request.status();
          events = List.of(new RequestEvent(status.state(), 0, status.bytesDone()));
        }
        if (!over && !events.isEmpty()) {
          sink.accept(events);
          KernelState last = events.get(events.size() - 1).state();
          over = last == KernelState.FINISHED || last == KernelState.ABORTED;
        }
      }
    } catch (KernelException e) {
      LOG.error("request {}: cannot be watched any more: {}", request.id(), e.getMessage());
    }
  }
}
