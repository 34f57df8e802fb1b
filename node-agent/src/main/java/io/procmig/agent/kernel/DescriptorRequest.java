// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@link KernelRequest} by ioctls, poll and read on the request's descriptor. */
final class DescriptorRequest implements KernelRequest {
  private static final int EVENTS_PER_READ = 16;

  private final int id;
  private final OwnedDescriptor descriptor;

  DescriptorRequest(int id, OwnedDescriptor descriptor) {
    this.id = id;
    this.descriptor = descriptor;
  }

  @Override
  public int id() {
    return id;
  }

  @Override
  public RequestStatus status() {
    try (StatusStruct status = new StatusStruct()) {
      ioctl("PROCMIG_REQ_STATUS", Abi.REQ_STATUS, status);
      return new RequestStatus(
          status.getInt(StatusStruct.ID),
          KernelCode.of(RequestRole.class, status.getInt(StatusStruct.ROLE)),
          KernelCode.of(KernelState.class, status.getInt(StatusStruct.STATE)),
          status.getInt(StatusStruct.PID),
          status.getInt(StatusStruct.ERROR),
          status.getInt(StatusStruct.ERROR_SUBSYSTEM),
          status.getLong(StatusStruct.BYTES_TOTAL),
          status.getLong(StatusStruct.BYTES_DONE),
          status.getLong(StatusStruct.SUBMITTED_NS),
          status.getLong(StatusStruct.FROZEN_NS),
          status.getLong(StatusStruct.SAVED_NS),
          status.getLong(StatusStruct.READY_NS),
          status.getLong(StatusStruct.DECIDED_NS),
          status.getText(StatusStruct.MESSAGE, StatusStruct.MESSAGE_LENGTH));
    }
  }

  @Override
  public void commit() {
    order("PROCMIG_REQ_COMMIT", Abi.REQ_COMMIT, 0);
  }

  @Override
  public void abort() {
    order("PROCMIG_REQ_ABORT", Abi.REQ_ABORT, 0);
  }

  @Override
  public void abortNeverRan() {
    order("PROCMIG_REQ_ABORT (never ran)", Abi.REQ_ABORT, Abi.ORDER_NEVER_RAN);
  }

  @Override
  public void finish() {
    order("PROCMIG_REQ_FINISH", Abi.REQ_FINISH, 0);
  }

  @Override
  public List<RequestEvent> awaitEvents(Duration timeout) {
    if (!Polling.await(descriptor, Abi.POLLIN, timeout)) {
      return List.of();
    }
    try (NativeBuffer buffer = new NativeBuffer(EVENTS_PER_READ * EventStruct.BYTES)) {
      long bytes = Libc.read(descriptor.number(), buffer.pointer(), buffer.bytes());
      if (bytes < 0) {
        int errno = Libc.errno();
        if (errno == Errno.EINTR || errno == Errno.EAGAIN) {
          return List.of();
        }
        throw new KernelException("read", descriptor.object(), errno);
      }
      return parseEvents(buffer, (int) bytes);
    }
  }

  /** Walks the events of one read; each tells its own size. */
  static List<RequestEvent> parseEvents(NativeBuffer buffer, int bytes) {
    List<RequestEvent> events = new ArrayList<>();
    int offset = 0;
    while (offset < bytes) {
      int size = bytes - offset < EventStruct.BYTES ? 0 : buffer.getInt(offset + EventStruct.SIZE);
      if (size < EventStruct.BYTES || size > bytes - offset) {
        throw new KernelException("decode event", "answer of read", Errno.EPROTO);
      }
      events.add(
          new RequestEvent(
              KernelCode.of(KernelState.class, buffer.getInt(offset + EventStruct.STATE)),
              buffer.getLong(offset + EventStruct.TIME_NS),
              buffer.getLong(offset + EventStruct.BYTES_DONE)));
      offset += size;
    }
    return events;
  }

  @Override
  public void close() {
    descriptor.close();
  }

  private void order(String operation, long request, int flags) {
    try (OrderStruct order = new OrderStruct()) {
      order.putInt(OrderStruct.FLAGS, flags);
      ioctl(operation, request, order);
    }
  }

  private void ioctl(String operation, long request, Struct argument) {
    int errno = DeviceKernel.call(descriptor, request, argument);
    if (errno != 0) {
      throw new KernelException(operation, descriptor.object(), errno);
    }
  }
}
