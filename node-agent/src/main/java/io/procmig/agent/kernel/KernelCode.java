// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** An enumeration whose constants have numbers in the kernel's interface. */
public interface KernelCode {
  /** The number of the constant in {@code kmod/include/uapi/procmig.h}. */
  int code();

  /**
   * The constant with a number.
   *
   * @throws KernelException EPROTO if the kernel answered with a number that this agent does not
   *     know; modules and agent are of different versions then
   */
  static <E extends Enum<E> & KernelCode> E of(Class<E> type, int code) {
    for (E constant : type.getEnumConstants()) {
      if (constant.code() == code) {
        return constant;
      }
    }
    throw new KernelException(
        "decode " + type.getSimpleName() + " " + code, "answer", Errno.EPROTO);
  }
}
