# SPDX-License-Identifier: GPL-2.0-only
"""Bad luck at every phase: exactly one copy runs afterwards, and it lost nothing."""
import time

from ..guest import HOME, STUB
from ..migration import Migration, nothing_left
from ..program import Program
from ..report import require
from .programs import relations

SOURCE_POINTS = ("connected", "prepared", "submitted", "QUIESCING", "SAVING", "SAVED",
                 "both-ready", "committed", "go-sent", "running")
TARGET_POINTS = ("submitted", "prepared", "LOADING", "READY", "go", "running", "finish")
STUB_POINTS = ("prepared", "LOADING", "READY")
# From here on the target alone may run it.
DECIDED = {"source": ("committed", "go-sent", "running"), "target": ("go", "running", "finish")}


def run(tier):
    check = tier.report.check
    for point in SOURCE_POINTS:
        check(f"failures: source agent killed at {point}", killed, tier, "source", point)
    for point in TARGET_POINTS:
        check(f"failures: target agent killed at {point}", killed, tier, "target", point)
    for point in SOURCE_POINTS[:7]:
        check(f"failures: source aborts at {point}", aborts, tier, "source", point)
    for point in TARGET_POINTS[:4]:
        check(f"failures: target aborts at {point}", aborts, tier, "target", point)
    for point in STUB_POINTS:
        check(f"failures: stub killed at {point}", stub_killed, tier, point)
    check("failures: one of several killed while all are loaded", one_of_several_killed, tier)
    check("failures: process killed while it is frozen", frozen_process_killed, tier)
    check("failures: link cut while memory is sent", link_cut_in_transfer, tier)
    check("failures: link cut when both are ready", link_cut, tier, "both-ready")
    check("failures: link cut after the commit", link_cut, tier, "committed")
    check("failures: watchdog of the source", watchdog_source, tier)
    check("failures: watchdog of the target", watchdog_target, tier)
    check("failures: proof that it never ran there", never_ran, tier)
    check("failures: no task more on the target", no_more_tasks, tier)
    check("failures: too little memory on the target", no_memory, tier)
    check("failures: target machine reset while memory is sent", target_reset, tier)


def started(tier, name="counter", argument=None):
    program = Program(tier, name, argument=argument).start(tier.a)
    program.await_lines(3)
    return program


def conclude(tier, program, migration, expected):
    """Settle what is open; one copy, the expected one, complete to the last line."""
    winner = migration.settle()
    require(winner is expected, f"{winner} keeps the process, expected {expected}: "
            f"{migration.source.why()}; {migration.target.why()}")
    program.runs_only_on(winner)
    program.stop_and_compare(winner)
    nothing_left(*tier.guests)


def killed(tier, role, point):
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          **{f"{role}_options": ["--crash-at", point]}).finish()
    side = getattr(migration, role)
    require(side.status not in (0, 1, 2, 3), f"it was not killed: {side.why()}")
    conclude(tier, program, migration, tier.b if point in DECIDED[role] else tier.a)


def aborts(tier, role, point):
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          **{f"{role}_options": ["--abort-at", point]}).finish()
    require(migration.source.status == 1 and migration.target.status == 1,
            f"{migration.source.why()}; {migration.target.why()}")
    require(tier.a.requests() == tier.b.requests() == 0, "an abort left a request")
    conclude(tier, program, migration, tier.a)


def stub_killed(tier, point):
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, target_options=["--stop-at", point])
    migration.target.await_point(point)
    tier.b.kill(program.pid)
    migration.target.kill("CONT")
    migration.finish()
    require(migration.source.status != 0, "the source was told it went well")
    conclude(tier, program, migration, tier.a)


def one_of_several_killed(tier):
    """The link is so slow that the first still loads its pages, and the others wait for it."""
    program = started(tier, "sharing")
    last = max(relations(tier.a, program.pid))
    tier.a.run("tc qdisc replace dev eth0 root tbf rate 2mbit burst 16k latency 1s")
    try:
        migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--bulk", "2"])
        deadline = time.monotonic() + 30
        while "load_bulk" not in tier.b.run(f"cat /proc/{last}/stack 2>/dev/null; true"):
            require(time.monotonic() < deadline, f"pid {last} does not wait for its pages")
        tier.b.kill(last)
        migration.finish()
    finally:
        tier.a.run("tc qdisc del dev eth0 root")
    require(migration.source.status == 1 and "was killed" in migration.source.why(),
            f"{migration.source.why()}; {migration.target.why()}")
    conclude(tier, program, migration, tier.a)


def frozen_process_killed(tier):
    """The OOM killer may take it at any time: then there is none, and nobody says otherwise."""
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--stop-at", "SAVED"])
    migration.source.await_point("SAVED")
    tier.a.kill(program.pid)
    migration.source.kill("CONT")
    migration.finish()
    migration.settle()
    require(migration.source.status == 1, migration.source.why())
    for guest in tier.guests:
        guest.await_gone(program.pid)
    nothing_left(*tier.guests)


def link_cut_in_transfer(tier):
    program = started(tier, "big", 256)
    migration = Migration(tier, program.pid, tier.a, tier.b, options=["--watchdog-ms", "3000"])
    migration.source.await_point("SAVING")
    tier.lab("link", tier.a.name, "cut-peer")
    try:
        migration.finish()
    finally:
        tier.lab("link", tier.a.name, "heal-peer")
    require(migration.source.answer["error_name"] == "ETIMEDOUT" or migration.source.status == 1,
            migration.source.why())
    require(migration.source.answer["bytes_done"] < 256 << 20,
            "the link was cut too late: everything had been sent")
    conclude(tier, program, migration, tier.a)


def link_cut(tier, point):
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, options=["--watchdog-ms", "3000"],
                          source_options=["--stop-at", point])
    migration.source.await_point(point)
    tier.lab("link", tier.a.name, "cut-peer")
    try:
        migration.source.kill("CONT")
        migration.finish()
    finally:
        tier.lab("link", tier.a.name, "heal-peer")
    require(migration.source.status != 0, "the source says it went well")
    # Without a link the source commits when both were ready: the decision is its own.
    committed = migration.source.answer["state"] in ("COMMITTED", "FINISHED")
    require(committed or point != "committed", migration.source.why())
    conclude(tier, program, migration, tier.b if committed else tier.a)


def watchdog_source(tier):
    """A target that is ready but never says so."""
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--watchdog-ms", "1500"],
                          target_options=["--stop-at", "READY"])
    migration.target.await_point("READY")
    answer = migration.source.result()
    require(answer["state"] == "ABORTED" and answer["error_name"] == "ETIMEDOUT" and
            "watchdog" in answer["message"], migration.source.why())
    program.advances()
    migration.target.kill("CONT")
    migration.finish()
    conclude(tier, program, migration, tier.a)


def watchdog_target(tier):
    """A source that was asked to wait and never sends."""
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, target_options=["--watchdog-ms", "1500"],
                          source_options=["--stop-at", "prepared"])
    migration.source.await_point("prepared")
    answer = migration.target.result()
    require(answer["state"] == "ABORTED" and answer["error_name"] == "ETIMEDOUT" and
            "watchdog" in answer["message"], migration.target.why())
    tier.b.await_gone(program.pid)
    migration.source.kill("CONT")
    migration.finish()
    conclude(tier, program, migration, tier.a)


def never_ran(tier):
    """Both agents die between commit and go; the target is undone, the source may go on."""
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--crash-at", "committed"])
    migration.finish()
    require(migration.state(migration.source) == "COMMITTED", "the source is not COMMITTED")
    require(not tier.b.drive("attach", "--token", migration.token, "--order", "abort")["error"] == 0,
            "an aborted target has no error")
    refused = tier.a.drive("attach", "--token", migration.token, "--order", "abort", check=False)
    require(refused.get("step_error_name") == "EPROTO", f"abort without proof: {refused}")
    answer = tier.a.drive("attach", "--token", migration.token, "--order", "abort", "--never-ran")
    require(answer["state"] == "ABORTED", f"abort with proof: {answer}")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def no_more_tasks(tier):
    """The control group it goes to has room for the stub and a few of its threads."""
    program = started(tier, "threads")
    group = "/sys/fs/cgroup/procmig-test"
    tier.b.run(f"mkdir -p {group}; echo 5 > {group}/pids.max")
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          target_options=["--", "--cgroup", group]).finish()
    require("EAGAIN" in (migration.source.answer["error_name"], migration.target.answer["error_name"]),
            f"{migration.source.why()}; {migration.target.why()}")
    conclude(tier, program, migration, tier.a)
    tier.b.run(f"rmdir {group}")


def no_memory(tier):
    """Who is to become the process may have 16 MiB, it has twice that."""
    program = started(tier, "big", 32)
    tier.b.run(f"printf '#!/bin/sh\\nulimit -v 16384\\nexec {STUB} \"$@\"\\n' > {HOME}/starved; "
               f"chmod +x {HOME}/starved")
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          target_options=["--stub", f"{HOME}/starved"]).finish()
    require(migration.target.answer["error_name"] == "ENOMEM" and "could not be mapped" in migration.source.why(),
            f"{migration.source.why()}; {migration.target.why()}")
    conclude(tier, program, migration, tier.a)


def target_reset(tier):
    program = started(tier, "big", 256)
    migration = Migration(tier, program.pid, tier.a, tier.b, options=["--watchdog-ms", "3000"])
    migration.source.await_point("SAVING")
    tier.b.forget()
    tier.lab("power", tier.b.name, "off")
    try:
        answer = migration.source.result()
        require(answer["state"] == "ABORTED", migration.source.why())
        program.advances()
    finally:
        migration.target.remote.process.kill()
        tier.lab("power", tier.b.name, "on")
        tier.lab("wait", tier.b.name)
        tier.reinstall(tier.b)
    deadline = time.monotonic() + 30
    while tier.a.requests():
        require(time.monotonic() < deadline, "a request is left")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)
