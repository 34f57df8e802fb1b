// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.preflight;

import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.ComponentKind;
import io.procmig.agent.kernel.DeviceInfo;
import io.procmig.agent.kernel.InspectOrder;
import io.procmig.agent.kernel.Inspection;
import io.procmig.agent.kernel.Kernel;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.KernelObstacle;
import io.procmig.agent.kernel.KernelRequest;
import io.procmig.agent.kernel.LoadedComponent;
import io.procmig.agent.kernel.Selection;
import io.procmig.agent.kernel.StateKind;
import io.procmig.agent.kernel.SubmitOrder;
import io.procmig.agent.kernel.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Modules that only look. */
public final class PreflightKernel implements Kernel {
  public DeviceInfo info = new DeviceInfo(1, 1, 0, 1, 1, 0b111, 832, "6.1.0-1-amd64");
  public List<KernelObstacle> obstacles = new ArrayList<>();

  /** What it claims as source, and what stands against just that as target. */
  public Claims claims = Claims.NONE;

  public List<KernelObstacle> taken = List.of();

  /** What it was asked to look at. */
  public final List<Selection> selections = new CopyOnWriteArrayList<>();

  /** Who takes part with the one that it is asked about. */
  public List<Integer> others = List.of();

  public KernelException refusal;
  public long memoryBytes = 1 << 20;
  public List<LoadedComponent> components =
      List.of(
          new LoadedComponent(ComponentKind.SUBSYSTEM, 1, 1, 0, "files", "procmig_files"),
          new LoadedComponent(ComponentKind.MEDIUM, 1, 1, 0, "socket", "procmig_socket"));

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public List<LoadedComponent> components() {
    return components;
  }

  @Override
  public List<StateKind> stateKinds() {
    return List.of();
  }

  @Override
  public Inspection inspect(InspectOrder order) {
    if (refusal != null) {
      throw refusal;
    }
    selections.add(order.selection());
    List<Integer> pids = new ArrayList<>(List.of(order.pid()));
    pids.addAll(others);
    return new Inspection(obstacles, 3, pids, 7, memoryBytes, 1, 1, claims);
  }

  @Override
  public List<KernelObstacle> admit(Claims claimed) {
    return claimed.equals(claims) ? taken : List.of();
  }

  @Override
  public KernelRequest checkpoint(SubmitOrder order) {
    throw new AssertionError("a preflight freezes nothing");
  }

  @Override
  public KernelRequest restart(SubmitOrder order) {
    throw new AssertionError("a preflight restarts nothing");
  }

  @Override
  public Optional<KernelRequest> attach(Token token) {
    return Optional.empty();
  }
}
