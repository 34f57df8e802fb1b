// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the kernel writes is walked by the sizes that it tells, and those are checked. */
class AnswerDecodingTest {
  private static int putObstacle(
      NativeBuffer buffer, int offset, ObstacleCode code, long object, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int size = (ObstacleStruct.BYTES + bytes.length + 1 + 7) / 8 * 8;
    buffer.putInt(offset + ObstacleStruct.SIZE, size);
    buffer.putInt(offset + ObstacleStruct.SUBSYSTEM, Subsystem.FILES.code());
    buffer.putInt(offset + ObstacleStruct.CODE, code.code());
    buffer.putLong(offset + ObstacleStruct.OBJECT, object);
    buffer.putBytes(offset + ObstacleStruct.TEXT, bytes);
    return offset + size;
  }

  @Test
  void obstaclesOfDifferentLengthsAreRead() {
    try (NativeBuffer buffer = new NativeBuffer(512)) {
      int used = putObstacle(buffer, 0, ObstacleCode.UNSUPPORTED, 5, "fd 5: TCP socket");
      used = putObstacle(buffer, used, ObstacleCode.SHARED, 7, "");
      List<KernelObstacle> obstacles = DeviceKernel.parseObstacles(buffer, used, 2);
      assertEquals(
          List.of(
              new KernelObstacle(1, ObstacleCode.UNSUPPORTED, 5, "fd 5: TCP socket"),
              new KernelObstacle(1, ObstacleCode.SHARED, 7, "")),
          obstacles);
    }
  }

  @Test
  void anObstacleThatReachesBeyondTheAnswerIsRefused() {
    try (NativeBuffer buffer = new NativeBuffer(512)) {
      int used = putObstacle(buffer, 0, ObstacleCode.STATE, 1, "something long enough");
      assertThrows(KernelException.class, () -> DeviceKernel.parseObstacles(buffer, used - 8, 1));
      buffer.putInt(0, 8);
      assertThrows(KernelException.class, () -> DeviceKernel.parseObstacles(buffer, used, 1));
      assertThrows(KernelException.class, () -> DeviceKernel.parseObstacles(buffer, 0, 1));
    }
  }

  @Test
  void aPidThatIsNobodysAnyMoreIsLeftOut() {
    try (NativeBuffer buffer = new NativeBuffer(4 * Integer.BYTES)) {
      buffer.putInt(0, 300);
      buffer.putInt(8, 299);
      buffer.putInt(12, 301);
      assertEquals(List.of(300, 299), DeviceKernel.parsePids(buffer, 3));
      assertEquals(List.of(), DeviceKernel.parsePids(buffer, 0));
    }
  }

  @Test
  void claimsThatDidNotFitAreLeftOut() {
    try (NativeBuffer buffer = new NativeBuffer(64)) {
      buffer.putInt(0, 24);
      buffer.putInt(24, 16);
      assertEquals(40, DeviceKernel.parseClaims(buffer, 40).bytes().length);
      assertEquals(40, DeviceKernel.parseClaims(buffer, 400).bytes().length);
      assertEquals(Claims.NONE, DeviceKernel.parseClaims(buffer, 0));
      buffer.putInt(24, 64);
      assertThrows(KernelException.class, () -> DeviceKernel.parseClaims(buffer, 400));
    }
  }

  @Test
  void eventsOfOneReadAreKeptInOrder() {
    try (NativeBuffer buffer = new NativeBuffer(2 * EventStruct.BYTES)) {
      for (int i = 0; i < 2; i++) {
        int at = i * EventStruct.BYTES;
        buffer.putInt(at + EventStruct.SIZE, EventStruct.BYTES);
        buffer.putInt(at + EventStruct.STATE, KernelState.SAVING.code() + i);
        buffer.putLong(at + EventStruct.TIME_NS, 100 + i);
        buffer.putLong(at + EventStruct.BYTES_DONE, 7);
      }
      assertEquals(
          List.of(
              new RequestEvent(KernelState.SAVING, 100, 7),
              new RequestEvent(KernelState.SAVED, 101, 7)),
          DescriptorRequest.parseEvents(buffer, 2 * EventStruct.BYTES));
      assertThrows(
          KernelException.class,
          () -> DescriptorRequest.parseEvents(buffer, 2 * EventStruct.BYTES - 1));
    }
  }

  @Test
  void aMissingDeviceIsNamed() {
    KernelException failure =
        assertThrows(
            KernelException.class,
            () -> DeviceKernel.open(java.nio.file.Path.of("/dev/procmig-absent")));
    assertEquals(Errno.ENOENT, failure.errno());
    assertEquals("open on /dev/procmig-absent failed: ENOENT", failure.getMessage());
  }
}
