// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** {@link Kernel} by ioctls on {@code /dev/procmig}. Safe for use by several threads. */
public final class DeviceKernel implements Kernel, AutoCloseable {
  private static final int FIRST_OBSTACLES_BYTES = 16 << 10;
  private static final int FIRST_PID_ROOM = 64;
  private static final int FIRST_CLAIMS_BYTES = 16 << 10;

  private final OwnedDescriptor device;

  private DeviceKernel(OwnedDescriptor device) {
    this.device = device;
  }

  /**
   * Opens the device.
   *
   * @param path usually {@code /dev/procmig}
   * @throws KernelException ENOENT the core module is not loaded; EPROTO its interface has another
   *     version than the agent's
   */
  public static DeviceKernel open(Path path) {
    DeviceKernel kernel = new DeviceKernel(OwnedDescriptor.open(path.toString(), Libc.O_RDWR));
    int version;
    try {
      version = kernel.info().abiVersion();
    } catch (KernelException e) {
      kernel.close();
      throw e;
    }
    if (version != Abi.ABI_VERSION) {
      kernel.close();
      throw new KernelException(
          "interface version " + version + ", the agent needs " + Abi.ABI_VERSION + ":",
          path.toString(),
          Errno.EPROTO);
    }
    return kernel;
  }

  @Override
  public DeviceInfo info() {
    try (InfoStruct info = new InfoStruct()) {
      ioctl("PROCMIG_IOC_INFO", Abi.IOC_INFO, info);
      return new DeviceInfo(
          info.getInt(InfoStruct.ABI_VERSION),
          info.getInt(InfoStruct.STREAM_VERSION),
          info.getInt(InfoStruct.REQUESTS),
          info.getLong(InfoStruct.MONOTONIC_NS),
          info.getLong(InfoStruct.BOOTTIME_NS),
          info.getLong(InfoStruct.XFEATURES),
          info.getInt(InfoStruct.XSTATE_BYTES),
          info.getText(InfoStruct.KERNEL_RELEASE, InfoStruct.KERNEL_RELEASE_LENGTH));
    }
  }

  @Override
  public List<LoadedComponent> components() {
    List<LoadedComponent> components = new ArrayList<>();
    for (int index = 0; ; index++) {
      try (ComponentStruct component = new ComponentStruct()) {
        component.putInt(ComponentStruct.INDEX, index);
        if (!next("PROCMIG_IOC_COMPONENT", Abi.IOC_COMPONENT, component)) {
          return components;
        }
        components.add(
            new LoadedComponent(
                KernelCode.of(ComponentKind.class, component.getInt(ComponentStruct.KIND)),
                component.getInt(ComponentStruct.ID),
                component.getInt(ComponentStruct.VERSION),
                component.getInt(ComponentStruct.USERS),
                component.getText(ComponentStruct.NAME, ComponentStruct.NAME_LENGTH),
                component.getText(ComponentStruct.MODULE, ComponentStruct.MODULE_LENGTH)));
      }
    }
  }

  @Override
  public List<StateKind> stateKinds() {
    List<StateKind> kinds = new ArrayList<>();
    for (int index = 0; ; index++) {
      try (StateKindStruct kind = new StateKindStruct()) {
        kind.putInt(StateKindStruct.INDEX, index);
        if (!next("PROCMIG_IOC_STATE_KIND", Abi.IOC_STATE_KIND, kind)) {
          return kinds;
        }
        kinds.add(
            new StateKind(
                kind.getInt(StateKindStruct.SUBSYSTEM),
                KernelCode.of(KindState.class, kind.getInt(StateKindStruct.STATE)),
                kind.getText(StateKindStruct.NAME, StateKindStruct.NAME_LENGTH),
                kind.getText(StateKindStruct.NOTE, StateKindStruct.NOTE_LENGTH)));
      }
    }
  }

  @Override
  public Inspection inspect(InspectOrder order) {
    int bytes = FIRST_OBSTACLES_BYTES;
    int room = FIRST_PID_ROOM;
    int claimsBytes = FIRST_CLAIMS_BYTES;
    while (true) {
      try (InspectStruct inspect = new InspectStruct();
          NativeBuffer mechanisms = mechanisms(order.mechanisms());
          NativeBuffer obstacles = new NativeBuffer(bytes);
          NativeBuffer pids = new NativeBuffer(room * Integer.BYTES);
          NativeBuffer claims = new NativeBuffer(claimsBytes)) {
        inspect.putInt(InspectStruct.PID, order.pid());
        inspect.putLong(InspectStruct.START_TIME, order.startTimeTicks());
        inspect.putInt(InspectStruct.SELECTION, order.selection().code());
        putStrategy(inspect, InspectStruct.STRATEGY, order.strategy());
        inspect.putLong(InspectStruct.MECHANISMS, mechanisms.address());
        inspect.putInt(InspectStruct.MECHANISM_COUNT, order.mechanisms().size());
        inspect.putLong(InspectStruct.OBSTACLES, obstacles.address());
        inspect.putInt(InspectStruct.OBSTACLES_BYTES, bytes);
        inspect.putLong(InspectStruct.PIDS, pids.address());
        inspect.putInt(InspectStruct.PID_ROOM, room);
        inspect.putLong(InspectStruct.CLAIMS, claims.address());
        inspect.putInt(InspectStruct.CLAIMS_BYTES, claimsBytes);
        int errno = call(device, Abi.IOC_INSPECT, inspect);
        int needed = inspect.getInt(InspectStruct.OBSTACLES_BYTES);
        if (errno == Errno.EOVERFLOW && needed > bytes) {
          bytes = needed;
          continue;
        }
        if (errno != 0) {
          throw new KernelException("PROCMIG_IOC_INSPECT", "process " + order.pid(), errno);
        }
        int processes = inspect.getInt(InspectStruct.PROCESSES);
        if (processes > room) {
          // Some more: others may be born before the next look.
          room = processes + FIRST_PID_ROOM;
          continue;
        }
        int claimed = inspect.getInt(InspectStruct.CLAIMS_BYTES);
        if (claimed > claimsBytes && claimsBytes < Abi.CLAIMS_MAX) {
          claimsBytes = Math.min(claimed + FIRST_CLAIMS_BYTES, Abi.CLAIMS_MAX);
          continue;
        }
        return new Inspection(
            parseObstacles(obstacles, needed, inspect.getInt(InspectStruct.OBSTACLE_COUNT)),
            processes,
            parsePids(pids, processes),
            inspect.getInt(InspectStruct.THREADS),
            inspect.getLong(InspectStruct.MEMORY_BYTES),
            inspect.getLong(InspectStruct.MONOTONIC_NS),
            inspect.getLong(InspectStruct.BOOTTIME_NS),
            parseClaims(claims, claimed));
      }
    }
  }

  @Override
  public List<KernelObstacle> admit(Claims claims) {
    byte[] array = claims.bytes();
    int bytes = FIRST_OBSTACLES_BYTES;
    while (true) {
      try (AdmitStruct admit = new AdmitStruct();
          NativeBuffer claimed = new NativeBuffer(array.length);
          NativeBuffer obstacles = new NativeBuffer(bytes)) {
        claimed.putBytes(0, array);
        admit.putLong(AdmitStruct.CLAIMS, claimed.address());
        admit.putInt(AdmitStruct.CLAIMS_BYTES, array.length);
        admit.putLong(AdmitStruct.OBSTACLES, obstacles.address());
        admit.putInt(AdmitStruct.OBSTACLES_BYTES, bytes);
        int errno = call(device, Abi.IOC_ADMIT, admit);
        int needed = admit.getInt(AdmitStruct.OBSTACLES_BYTES);
        if (errno == Errno.EOVERFLOW && needed > bytes) {
          bytes = needed;
          continue;
        }
        if (errno != 0) {
          throw new KernelException("PROCMIG_IOC_ADMIT", claims.toString(), errno);
        }
        return parseObstacles(obstacles, needed, admit.getInt(AdmitStruct.OBSTACLE_COUNT));
      }
    }
  }

  /** Those that fitted; of what did not the target hears when it is there. */
  static Claims parseClaims(NativeBuffer buffer, int used) {
    int end = Math.min(used, buffer.bytes());
    int offset = 0;
    while (end - offset >= ClaimStruct.BYTES) {
      int size = buffer.getInt(offset + ClaimStruct.SIZE);
      if (size == 0) {
        break;
      }
      if (size < ClaimStruct.BYTES || size > end - offset) {
        throw new KernelException(
            "decode a claim of " + size + " bytes", "answer of PROCMIG_IOC_INSPECT", Errno.EPROTO);
      }
      offset += size;
    }
    return Claims.of(buffer.getBytes(0, offset));
  }

  /** The numbers that the kernel wrote; zero stands for a process that has gone meanwhile. */
  static List<Integer> parsePids(NativeBuffer buffer, int count) {
    return IntStream.range(0, count)
        .map(i -> buffer.getInt(i * Integer.BYTES))
        .filter(pid -> pid != 0)
        .boxed()
        .toList();
  }

  /** Walks the records that the kernel wrote; their sizes are checked, not trusted. */
  static List<KernelObstacle> parseObstacles(NativeBuffer buffer, int used, int count) {
    List<KernelObstacle> obstacles = new ArrayList<>(count);
    int end = Math.min(used, buffer.bytes());
    int offset = 0;
    for (int i = 0; i < count; i++) {
      int size = end - offset < ObstacleStruct.BYTES ? 0 : buffer.getInt(offset);
      if (size < ObstacleStruct.BYTES || size > end - offset) {
        throw new KernelException(
            "decode obstacle " + i + " of " + count, "answer of PROCMIG_IOC_INSPECT", Errno.EPROTO);
      }
      obstacles.add(
          new KernelObstacle(
              buffer.getInt(offset + ObstacleStruct.SUBSYSTEM),
              KernelCode.of(ObstacleCode.class, buffer.getInt(offset + ObstacleStruct.CODE)),
              buffer.getLong(offset + ObstacleStruct.OBJECT),
              buffer.getText(offset + ObstacleStruct.TEXT, size - ObstacleStruct.TEXT)));
      offset += size;
    }
    return obstacles;
  }

  @Override
  public KernelRequest checkpoint(SubmitOrder order) {
    return submit("PROCMIG_IOC_CHECKPOINT", Abi.IOC_CHECKPOINT, order);
  }

  @Override
  public KernelRequest restart(SubmitOrder order) {
    return submit("PROCMIG_IOC_RESTART", Abi.IOC_RESTART, order);
  }

  @Override
  public Optional<KernelRequest> attach(Token token) {
    try (AttachStruct attach = new AttachStruct()) {
      attach.putBytes(AttachStruct.TOKEN, token.bytes());
      int errno = call(device, Abi.IOC_ATTACH, attach);
      if (errno == Errno.ENOENT) {
        return Optional.empty();
      }
      if (errno != 0) {
        throw new KernelException("PROCMIG_IOC_ATTACH", "token " + token, errno);
      }
      return Optional.of(
          new DescriptorRequest(
              attach.getInt(AttachStruct.ID),
              new OwnedDescriptor(attach.getInt(AttachStruct.FD), "request of token " + token)));
    }
  }

  @Override
  public void close() {
    device.close();
  }

  private KernelRequest submit(String operation, long request, SubmitOrder order) {
    try (SubmitStruct submit = new SubmitStruct();
        NativeBuffer mechanisms = mechanisms(order.mechanisms());
        NativeBuffer channels = channels(order.channels())) {
      submit.putInt(SubmitStruct.PID, order.pid());
      submit.putInt(SubmitStruct.MEDIUM, order.medium().code());
      submit.putLong(SubmitStruct.START_TIME, order.startTimeTicks());
      submit.putInt(SubmitStruct.SELECTION, order.selection().code());
      submit.putBytes(SubmitStruct.TOKEN, order.token().bytes());
      putStrategy(submit, SubmitStruct.STRATEGY, order.strategy());
      submit.putLong(SubmitStruct.CHANNELS, channels.address());
      submit.putInt(SubmitStruct.CHANNEL_COUNT, order.channels().size());
      submit.putLong(SubmitStruct.MECHANISMS, mechanisms.address());
      submit.putInt(SubmitStruct.MECHANISM_COUNT, order.mechanisms().size());
      submit.putInt(SubmitStruct.WATCHDOG_MS, order.watchdogMs());
      submit.putInt(SubmitStruct.QUIESCE_MS, order.quiesceMs());
      String object = "process " + order.pid() + " with token " + order.token();
      int errno = call(device, request, submit);
      if (errno != 0) {
        throw new KernelException(operation, object, errno);
      }
      return new DescriptorRequest(
          submit.getInt(SubmitStruct.ID),
          new OwnedDescriptor(submit.getInt(SubmitStruct.FD), "request for " + object));
    }
  }

  private static NativeBuffer mechanisms(List<MechanismRule> rules) {
    if (rules.size() > Abi.MAX_MECHANISMS) {
      throw new KernelException(
          rules.size() + " mechanisms, the limit is " + Abi.MAX_MECHANISMS + ":",
          "request",
          Errno.E2BIG);
    }
    NativeBuffer buffer = new NativeBuffer(rules.size() * MechanismStruct.BYTES);
    int offset = 0;
    for (MechanismRule rule : rules) {
      buffer.putInt(offset + MechanismStruct.SUBSYSTEM, rule.subsystem());
      buffer.putInt(offset + MechanismStruct.MECHANISM, rule.mechanism().code());
      buffer.putLong(offset + MechanismStruct.ENTITY, rule.entity());
      offset += MechanismStruct.BYTES;
    }
    return buffer;
  }

  private static NativeBuffer channels(List<SubmitOrder.Channel> channels) {
    if (channels.size() > Abi.MAX_CHANNELS) {
      throw new KernelException(
          channels.size() + " channels, the limit is " + Abi.MAX_CHANNELS + ":",
          "request",
          Errno.E2BIG);
    }
    NativeBuffer buffer = new NativeBuffer(channels.size() * ChannelStruct.BYTES);
    int offset = 0;
    for (SubmitOrder.Channel channel : channels) {
      buffer.putInt(offset + ChannelStruct.FD, channel.descriptor());
      buffer.putInt(offset + ChannelStruct.ROLE, channel.role().code());
      offset += ChannelStruct.BYTES;
    }
    return buffer;
  }

  private static void putStrategy(Struct struct, int offset, Strategy strategy) {
    struct.putShort(offset + StrategyStruct.CONTEXT, strategy.context().code());
    struct.putShort(offset + StrategyStruct.QUIESCE, strategy.quiesce().code());
    struct.putShort(offset + StrategyStruct.MODE, strategy.mode().code());
  }

  /** Whether a walk by index has another element. */
  private boolean next(String operation, long request, Struct argument) {
    int errno = call(device, request, argument);
    if (errno != 0 && errno != Errno.ENOENT) {
      throw new KernelException(operation, device.object(), errno);
    }
    return errno == 0;
  }

  private void ioctl(String operation, long request, Struct argument) {
    int errno = call(device, request, argument);
    if (errno != 0) {
      throw new KernelException(operation, device.object(), errno);
    }
  }

  /** One ioctl; repeated when a signal of the JVM interrupts it. Returns errno, 0 for success. */
  static int call(OwnedDescriptor descriptor, long request, Struct argument) {
    while (true) {
      if (Libc.ioctl(descriptor.number(), request, argument.pointer()) >= 0) {
        return 0;
      }
      int errno = Libc.errno();
      if (errno != Errno.EINTR) {
        return errno;
      }
    }
  }
}
