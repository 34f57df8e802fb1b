// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.transfer;

import java.util.HashMap;
import java.util.Map;

/** A table of transitions, filled once. */
final class Transitions<S extends Enum<S>, E extends Enum<E>, A extends Enum<A>> {
  private record Pair<S, E>(S state, E event) {}

  /**
   * One transition.
   *
   * @param next the state it leads to
   * @param action what is done there
   */
  record Step<S, A>(S next, A action) {}

  private final Map<Pair<S, E>, Step<S, A>> table = new HashMap<>();

  /** Adds a transition; a pair has one. */
  void on(S state, E event, S next, A action) {
    if (table.put(new Pair<>(state, event), new Step<>(next, action)) != null) {
      throw new IllegalStateException("two transitions for " + state + " on " + event);
    }
  }

  /** The transition for a pair, or null if there is none. */
  Step<S, A> next(S state, E event) {
    return table.get(new Pair<>(state, event));
  }
}
