// SPDX-License-Identifier: Apache-2.0

/**
 * The two-phase commit of one token, seen from each side: {@link
 * io.procmig.agent.transfer.SourceSession} decides, {@link io.procmig.agent.transfer.TargetSession}
 * obeys and asks. Each is a table of transitions ({@code SourceMachine}, {@code TargetMachine}) and
 * the actions that the table names.
 *
 * <p>The invariant that no single file shows: there are never two copies that can run, and when
 * everything has settled there is exactly one. It rests on the order of durable records and kernel
 * orders, which {@code TwoPhaseCommitModelTest} breaks at every step.
 *
 * <pre>
 * source                                   target
 * record PREPARED
 * Prepare ───────────────────────────────▶ record PREPARED, listen
 * connect, Start ────────────────────────▶ restart request, stub
 * checkpoint request ═══ state ══════════▶
 * SAVED                                    READY, record READY
 *   ◀─────────────────────────────── ready
 * record COMMITTED, kernel commit
 * Go ────────────────────────────────────▶ record RESUMING, kernel commit
 *   ◀─────────────────────────────── running
 * record RUNNING, kernel finish            record RUNNING, kernel finish
 * record FINISHED                          record FINISHED
 * </pre>
 */
package io.procmig.agent.transfer;
