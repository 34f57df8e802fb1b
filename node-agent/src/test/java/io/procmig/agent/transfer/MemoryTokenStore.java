// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import io.procmig.agent.kernel.Token;
import io.procmig.agent.token.DurableState;
import io.procmig.agent.token.TokenRecord;
import io.procmig.agent.token.TokenStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A disk: outlives agents and reboots. */
final class MemoryTokenStore {
  private final Map<String, TokenRecord> records = new LinkedHashMap<>();

  DurableState stateOf(Token token) {
    TokenRecord record = records.get(token.toString());
    return record == null ? null : record.state();
  }

  /** The disk as one run of an agent uses it. */
  static final class View implements TokenStore {
    private final World world;
    private final World.Agent agent;

    View(World world, World.Agent agent) {
      this.world = world;
      this.agent = agent;
    }

    @Override
    public void write(TokenRecord record) {
      world.effect(
          agent,
          "write " + record.state(),
          () -> agent.machine.disk.records.put(record.token(), stamped(record)));
    }

    private TokenRecord stamped(TokenRecord r) {
      return new TokenRecord(
          r.version(),
          r.token(),
          r.role(),
          r.state(),
          bootId(),
          r.task(),
          r.taskUid(),
          r.migration(),
          r.pid(),
          r.startTimeTicks(),
          r.peerNode(),
          r.peerAddress(),
          r.reason(),
          r.component(),
          r.message(),
          r.frozen(),
          r.readyNs(),
          r.resumedNs(),
          world.now());
    }

    @Override
    public Optional<TokenRecord> read(Token token) {
      agent.mustLive();
      return Optional.ofNullable(agent.machine.disk.records.get(token.toString()));
    }

    @Override
    public List<TokenRecord> readAll() {
      agent.mustLive();
      return new ArrayList<>(agent.machine.disk.records.values());
    }

    @Override
    public String bootId() {
      return agent.machine.bootId();
    }
  }
}
