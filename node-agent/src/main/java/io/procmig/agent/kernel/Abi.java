// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

/**
 * Numbers of {@code kmod/include/uapi/procmig.h} and of the system interface that are neither an
 * enumeration nor a layout. Each is named as in C without its prefix PROCMIG_; the test compares
 * them with the golden dump.
 */
final class Abi {
  static final String DEVICE = "procmig";
  static final int ABI_VERSION = 5;
  static final int STREAM_VERSION = 5;
  static final int TOKEN_BYTES = 16;
  static final int NAME_BYTES = 32;
  static final int MESSAGE_BYTES = 256;
  static final int COMM_BYTES = 16;
  static final int MAX_CHANNELS = 16;
  static final int MAX_MECHANISMS = 1024;
  static final int CLAIMS_MAX = 2 << 20;

  static final long IOC_MAGIC = 0xB7;
  static final long IOC_INFO = 0xc070b700L;
  static final long IOC_COMPONENT = 0xc078b701L;
  static final long IOC_STATE_KIND = 0xc0d0b702L;
  static final long IOC_INSPECT = 0xc078b703L;
  static final long IOC_CHECKPOINT = 0xc060b704L;
  static final long IOC_RESTART = 0xc060b705L;
  static final long IOC_ENTER = 0xc018b706L;
  static final long IOC_ATTACH = 0xc020b707L;
  static final long IOC_PLAN = 0xc028b708L;
  static final long IOC_GIVE_UP = 0xc118b709L;
  static final long IOC_ADMIT = 0xc020b70aL;
  static final long REQ_STATUS = 0xc178b740L;
  static final long REQ_COMMIT = 0xc008b741L;
  static final long REQ_ABORT = 0xc008b742L;
  static final long REQ_FINISH = 0xc008b743L;
  static final int ORDER_NEVER_RAN = 1;
  static final int PLANNED_ZOMBIE = 1;
  static final int PLANNED_GONE = 2;

  static final int TLS_1_3_VERSION = 0x0304;
  static final int TLS_CIPHER_AES_GCM_128 = 51;
  static final int TLS_TX = 1;
  static final int TLS_RX = 2;
  static final int TCP_ULP = 31;
  static final int TCP_NODELAY = 1;
  static final int SOL_TCP = 6;
  static final int SOL_TLS = 282;
  static final int SOL_SOCKET = 1;
  static final int SO_ERROR = 4;
  static final int SO_RCVTIMEO = 20;
  static final int SO_SNDTIMEO = 21;
  static final int SO_MAX_PACING_RATE = 47;
  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLERR = 8;
  static final int POLLHUP = 16;
  static final int POLLNVAL = 32;
  static final int SYS_finit_module = 313;
  static final int SYS_delete_module = 176;

  private Abi() {}
}
