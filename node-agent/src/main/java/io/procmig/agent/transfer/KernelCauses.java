// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Errno;
import io.procmig.agent.kernel.KernelException;
import io.procmig.agent.kernel.RequestStatus;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;

/** What errno means for a migration, by side. */
public final class KernelCauses {
  private KernelCauses() {}

  /** Why the kernel undid a source's request. */
  static Cause ofSource(RequestStatus status) {
    boolean frozen = status.frozenNs() != 0;
    Reason reason =
        switch (status.error()) {
          case Errno.ETIMEDOUT -> frozen ? Reason.WatchdogExpired : Reason.QuiesceTimeout;
          case Errno.EPIPE,
              Errno.ECONNRESET,
              Errno.EBADMSG,
              Errno.EHOSTUNREACH,
              Errno.ENETUNREACH ->
              Reason.TransferInterrupted;
          case Errno.ESRCH -> Reason.ProcessExited;
          case Errno.EOPNOTSUPP -> Reason.UnsupportedState;
          default -> Reason.CheckpointFailed;
        };
    return of(reason, Component.SourceKernel, frozen ? "Save" : "Freeze", status);
  }

  /** Why the kernel undid a target's request. */
  static Cause ofTarget(RequestStatus status) {
    Reason reason =
        switch (status.error()) {
          case Errno.ETIMEDOUT -> Reason.WatchdogExpired;
          case Errno.EPIPE, Errno.ECONNRESET -> Reason.TransferInterrupted;
          case Errno.EPROTO, Errno.EBADMSG -> Reason.StreamRejected;
          case Errno.ENOENT -> Reason.FileMissing;
          case Errno.ESTALE -> Reason.FileDiffers;
          case Errno.ENOSPC -> Reason.DiskFull;
          case Errno.ENOMEM -> Reason.MemoryShort;
          default -> Reason.RestartFailed;
        };
    return of(reason, Component.TargetKernel, "Restore", status);
  }

  /** Why an order to the kernel was refused. */
  public static Cause of(KernelException failure, Component component, String step) {
    boolean source = component == Component.SourceKernel;
    Reason reason =
        switch (failure.errno()) {
          case Errno.ESRCH -> Reason.ProcessExited;
          case Errno.ESTALE -> Reason.ProcessIdentityChanged;
          case Errno.EOPNOTSUPP, Errno.ENODEV, Errno.ENOENT ->
              source ? Reason.SourceNotCapable : Reason.TargetNotCapable;
          case Errno.EPERM, Errno.EACCES -> Reason.PermissionDenied;
          case Errno.ENOMEM -> Reason.MemoryShort;
          case Errno.EBUSY, Errno.EEXIST -> Reason.InvalidRequest;
          case Errno.ENOTCONN -> Reason.TransferInterrupted;
          default -> source ? Reason.CheckpointFailed : Reason.RestartFailed;
        };
    String why = failure.errno() == Errno.EBUSY ? ": another migration holds the process" : "";
    return new Cause(
        reason, component, step, failure.getMessage() + why + ". " + reason.nextStep());
  }

  private static Cause of(Reason reason, Component component, String step, RequestStatus status) {
    String text =
        status.message().isEmpty()
            ? "request " + status.id() + " of process " + status.pid() + " was aborted"
            : status.message();
    return new Cause(
        reason,
        component,
        step,
        text + " (" + Errno.name(status.error()) + "). " + reason.nextStep());
  }
}
