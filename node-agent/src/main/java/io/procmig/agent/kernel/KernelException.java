// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/** A native call failed. Carries the operation, the object it was for and errno. */
public final class KernelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String object;
  private final int errno;

  /**
   * A failure.
   *
   * @param operation the call, for example {@code PROCMIG_IOC_INSPECT}
   * @param object what it was for, for example a path
   * @param errno the number that the call left, see {@link Errno}
   */
  public KernelException(String operation, String object, int errno) {
    super(operation + " on " + object + " failed: " + Errno.name(errno));
    this.operation = operation;
    this.object = object;
    this.errno = errno;
  }

  public String operation() {
    return operation;
  }

  public String object() {
    return object;
  }

  /** See {@link Errno}. */
  public int errno() {
    return errno;
  }
}
