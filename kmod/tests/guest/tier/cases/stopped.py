# SPDX-License-Identifier: GPL-2.0-only
"""Processes that job control has stopped: they stay so until somebody continues them."""
import random
import time

from ..migration import Migration, migrate, nothing_left
from ..program import Program
from ..report import require

ROUNDS = 12
KILLS = 8


def run(tier):
    check = tier.report.check
    for name in ("counter", "threads"):
        check(f"stopped: {name}, there and back", there_and_back, tier, name)
    check("stopped: given up, it stays as it is", given_up, tier)
    check("stopped: killed while it is frozen", killed, tier)
    check(f"stopped: killed at {KILLS} moments of its freeze", killed_at_random, tier)
    check("stopped: a signal that comes while it is frozen waits", signalled, tier)
    check("stopped: SIGCONT while it is frozen, then given up", continued_then_given_up, tier)
    check("stopped: SIGCONT while it is frozen is not lost", continued_in_flight, tier)
    check("stopped: a running one is stopped while it is frozen", stopped_in_flight, tier)
    check(f"stopped: {ROUNDS} moves while others stop and continue it", at_random, tier)


def states(guest, pid):
    """Of its threads, each once."""
    return set(guest.run(f"sed 's/.*) //; s/ .*//' /proc/{pid}/task/*/stat").split())


def await_stopped(guest, pid):
    deadline = time.monotonic() + 10
    while states(guest, pid) != {"T"}:
        require(time.monotonic() < deadline, f"pid {pid} on {guest} is {states(guest, pid)}, not stopped")
        time.sleep(0.02)


def started(tier, name="counter"):
    program = Program(tier, name).start(tier.a)
    program.await_lines(2)
    tier.a.kill(program.pid, "STOP")
    await_stopped(tier.a, program.pid)
    return program


def goes_on(tier, program, guest):
    """Not before it is continued, and then where it was."""
    lines = program.lines()
    time.sleep(0.3)
    await_stopped(guest, program.pid)
    require(program.lines() == lines, "a stopped process went on")
    guest.kill(program.pid, "CONT")
    program.runs_only_on(guest)


def there_and_back(tier, name):
    program = started(tier, name)
    obstacles, _ = tier.a.inspect(program.pid)
    require(not obstacles, f"preflight names an obstacle: {obstacles}")
    lines = program.lines()
    for here, there in ((tier.a, tier.b), (tier.b, tier.a), (tier.a, tier.b)):
        migrate(tier, program.pid, here, there)
        here.await_gone(program.pid)
        await_stopped(there, program.pid)
    require(program.lines() == lines, "a stopped process went on")
    goes_on(tier, program, tier.b)
    tier.b.kill(program.pid, "STOP")
    await_stopped(tier.b, program.pid)
    migrate(tier, program.pid, tier.b, tier.a)
    goes_on(tier, program, tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def at_saved(tier, program, while_frozen, *options):
    """Both sides hold it: do something to the frozen one, and carry on."""
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          source_options=["--stop-at", "SAVED", *options])
    migration.source.await_point("SAVED")
    while_frozen()
    migration.source.kill("CONT")
    return migration.finish()


def given_up(tier):
    for name in ("counter", "threads"):
        program = started(tier, name)
        for point in ("QUIESCING", "SAVING", "SAVED", "both-ready"):
            migration = Migration(tier, program.pid, tier.a, tier.b,
                                  source_options=["--abort-at", point]).finish()
            require(migration.source.status == 1, migration.source.why())
            require(migration.settle() is tier.a, "the source did not keep it")
            await_stopped(tier.a, program.pid)
        goes_on(tier, program, tier.a)
        program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def killed(tier):
    program = started(tier, "threads")
    migration = at_saved(tier, program, lambda: tier.a.kill(program.pid))
    require(migration.source.status == 1, migration.source.why())
    migration.settle()
    for guest in tier.guests:
        guest.await_gone(program.pid)
    nothing_left(*tier.guests)


def killed_at_random(tier):
    chance = random.Random(2)
    for _ in range(KILLS):
        program = started(tier, "threads")
        migration = Migration(tier, program.pid, tier.a, tier.b)
        migration.source.await_point("connected")
        time.sleep(chance.random() * 0.3)
        tier.a.kill(program.pid)
        migration.finish()
        # either it has moved before, or there is none
        winner = migration.settle()
        tier.a.await_gone(program.pid)
        if winner is tier.b and tier.b.exists(program.pid):
            await_stopped(tier.b, program.pid)
            tier.b.kill(program.pid)
        tier.b.await_gone(program.pid)
        tier.programs.clear()
    nothing_left(*tier.guests)


def signalled(tier):
    """As long as nobody continues it, it does not die of a SIGUSR1 that it does not expect."""
    program = started(tier)
    migration = at_saved(tier, program, lambda: tier.a.kill(program.pid, "USR1"), "--no-commit")
    require(migration.settle() is tier.a, "the source did not keep it")
    await_stopped(tier.a, program.pid)
    tier.a.kill(program.pid, "CONT")
    tier.a.await_gone(program.pid)
    require(program.verdict() is None, "it went on after a signal that ends it")
    nothing_left(*tier.guests)


def continued_then_given_up(tier):
    program = started(tier, "threads")
    migration = at_saved(tier, program, lambda: tier.a.kill(program.pid, "CONT"), "--no-commit")
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def continued_in_flight(tier):
    """What has been sent is stopped and this one is not: it is given back and goes on."""
    program = started(tier)
    migration = at_saved(tier, program, lambda: tier.a.kill(program.pid, "CONT"))
    require(migration.source.status == 1 and "SIGCONT" in migration.source.answer["message"],
            f"{migration.source.why()}: {migration.source.answer}")
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    migrate(tier, program.pid, tier.a, tier.b)
    program.runs_only_on(tier.b)
    program.stop_and_compare(tier.b)
    nothing_left(*tier.guests)


def stopped_in_flight(tier):
    program = Program(tier, "threads").start(tier.a)
    program.await_lines(2)
    migration = at_saved(tier, program, lambda: tier.a.kill(program.pid, "STOP"), "--no-commit")
    require(migration.settle() is tier.a, "the source did not keep it")
    await_stopped(tier.a, program.pid)
    goes_on(tier, program, tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def at_random(tier):
    """The race that matters is between those who stop and continue it and the freeze."""
    program = Program(tier, "threads").start(tier.a)
    program.await_lines(2)
    chance = random.Random(1)
    here, moved = tier.a, 0
    for _ in range(ROUNDS):
        there = tier.other(here)
        pause = chance.choice((0.001, 0.003, 0.01, 0.05))
        here.run(f"(for i in $(seq {int(1.5 / pause)}); do kill -STOP {program.pid} || exit; sleep {pause}; "
                 f"kill -CONT {program.pid}; sleep {pause}; done) </dev/null >/dev/null 2>&1 & "
                 "echo $! > /run/stopper")
        migration = Migration(tier, program.pid, here, there).finish()
        here.run("pkill -P $(cat /run/stopper); kill $(cat /run/stopper); true")
        winner = migration.settle()
        if winner is here:
            require("SIGCONT" in migration.source.answer["message"],
                    f"{migration.source.answer}; {migration.target.why()}")
        else:
            moved += 1
        here = winner
        here.kill(program.pid, "CONT")
        program.runs_only_on(here)
    program.stop_and_compare(here)
    nothing_left(*tier.guests)
    print(f"# {moved} of {ROUNDS} moved, the others were given back")
