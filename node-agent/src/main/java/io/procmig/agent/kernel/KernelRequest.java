// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.time.Duration;
import java.util.List;

/**
 * A request of the kernel, held by its descriptor. Safe for use by several threads, {@link #close}
 * excepted: close it when nobody waits in {@link #awaitEvents} any more.
 *
 * <p>Closing the last handle aborts the request up to SAVED on the source and LOADING on the
 * target.
 */
public interface KernelRequest extends AutoCloseable {
  /** The request's number on this machine. */
  int id();

  /** Where the request is now. */
  RequestStatus status();

  /**
   * Source: SAVED to COMMITTED. Target: READY to RUNNING.
   *
   * @throws KernelException EPROTO in every other state
   */
  void commit();

  /**
   * Undoes the request; returns when the source runs again or the target is gone.
   *
   * @throws KernelException EPROTO if it is too late
   */
  void abort();

  /**
   * Thaws a COMMITTED source. Only with proof, from the target's durable record, that the process
   * never ran there and never will.
   *
   * @throws KernelException EPROTO if the request is not a committed source
   */
  void abortNeverRan();

  /**
   * Source: COMMITTED to FINISHED, the frozen copy dies. Target: RUNNING to FINISHED, the process
   * runs on.
   *
   * @throws KernelException EPROTO in every other state
   */
  void finish();

  /**
   * Waits for changes. Returns what happened since the last call, oldest first; empty when the time
   * is over.
   */
  List<RequestEvent> awaitEvents(Duration timeout);

  @Override
  void close();
}
