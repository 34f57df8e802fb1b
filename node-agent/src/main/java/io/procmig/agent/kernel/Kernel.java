// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.util.List;
import java.util.Optional;

/**
 * What the agent asks of {@code /dev/procmig}. Every method throws {@link KernelException} with the
 * errno that the header gives for the case; none returns a default.
 */
public interface Kernel {
  /** Versions, clocks and processor state of this machine. */
  DeviceInfo info();

  /** All loaded subsystems and media. */
  List<LoadedComponent> components();

  /** All kinds of process state that the loaded subsystems know of. */
  List<StateKind> stateKinds();

  /**
   * Looks for obstacles without freezing anything.
   *
   * @throws KernelException ESRCH no such process, ESTALE its start time differs, EOPNOTSUPP the
   *     strategy is none
   */
  Inspection inspect(InspectOrder order);

  /**
   * Looks on this machine, the target, for what stands against the claims of an inspection on
   * another one; keeps nothing free.
   *
   * @throws KernelException EPROTO the claims are damaged
   */
  List<KernelObstacle> admit(Claims claims);

  /**
   * Submits the source's side; quiescing starts at once. The request is aborted when what is
   * returned is closed before it is committed.
   *
   * @throws KernelException EBUSY another request holds the process, EEXIST the token is in use,
   *     and those of {@link #inspect}
   */
  KernelRequest checkpoint(SubmitOrder order);

  /**
   * Submits the target's side; the request waits for the stub.
   *
   * @throws KernelException EEXIST the token is in use
   */
  KernelRequest restart(SubmitOrder order);

  /** A further handle on a request that exists, or nothing if no request has the token. */
  Optional<KernelRequest> attach(Token token);
}
