// SPDX-License-Identifier: Apache-2.0

/**
 * What agents say to each other: gRPC over mutual TLS. {@link
 * io.procmig.agent.control.ControlServer} offers a node's {@link
 * io.procmig.agent.control.ControlEndpoint}, {@link io.procmig.agent.control.ControlPeers} reaches
 * those of others. The messages are in {@code src/main/proto/procmig/control.proto}.
 */
package io.procmig.agent.control;
