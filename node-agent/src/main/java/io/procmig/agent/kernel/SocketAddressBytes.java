// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.kernel;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** {@code struct sockaddr_in} and {@code sockaddr_in6} as bytes. */
final class SocketAddressBytes {
  static final int MAX_BYTES = 28;
  private static final int IN_BYTES = 16;
  private static final int IN6_BYTES = 28;

  private SocketAddressBytes() {}

  static int family(InetAddress address) {
    return address instanceof Inet6Address ? Libc.AF_INET6 : Libc.AF_INET;
  }

  static byte[] encode(InetSocketAddress address) {
    InetAddress host = address.getAddress();
    byte[] bytes = new byte[host instanceof Inet4Address ? IN_BYTES : IN6_BYTES];
    bytes[0] = (byte) family(host);
    bytes[2] = (byte) (address.getPort() >> 8);
    bytes[3] = (byte) address.getPort();
    byte[] raw = host.getAddress();
    System.arraycopy(raw, 0, bytes, host instanceof Inet4Address ? 4 : 8, raw.length);
    if (host instanceof Inet6Address six) {
      int scope = six.getScopeId();
      for (int i = 0; i < 4; i++) {
        bytes[24 + i] = (byte) (scope >> (8 * i));
      }
    }
    return bytes;
  }

  static InetSocketAddress decode(byte[] bytes) {
    int port = (bytes[2] & 0xff) << 8 | bytes[3] & 0xff;
    byte[] raw =
        bytes[0] == Libc.AF_INET6
            ? Arrays.copyOfRange(bytes, 8, 24)
            : Arrays.copyOfRange(bytes, 4, 8);
    try {
      return new InetSocketAddress(InetAddress.getByAddress(raw), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + raw.length + " bytes", e);
    }
  }
}
