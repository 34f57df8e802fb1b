# SPDX-License-Identifier: GPL-2.0-only
"""The stub: where it puts the process, and what it says when it cannot."""
import re

from ..guest import HOME, STUB
from ..migration import Migration, migrate, nothing_left
from ..program import Program
from ..report import require

TOKEN = "00112233445566778899aabbccddeeff"
# arguments, the code it must name
ERRORS = (
    ("", "USAGE"),
    (f"--token {TOKEN}", "USAGE"),
    ("--pid 30000", "USAGE"),
    (f"--token {TOKEN[:-1]} --pid 30000", "USAGE"),
    (f"--token {TOKEN[:-1]}g --pid 30000", "USAGE"),
    (f"--token {TOKEN} --pid 0", "USAGE"),
    (f"--token {TOKEN} --pid 30000x", "USAGE"),
    (f"--token {TOKEN} --pid 99999999999", "USAGE"),
    (f"--token {TOKEN} --pid 30000 --unknown", "USAGE"),
    (f"--token {TOKEN} --pid 30000 more", "USAGE"),
    (f"--token {TOKEN} --pid 30000 --monotonic-offset 1s", "USAGE"),
    (f"--token {TOKEN} --pid 30000 --device /dev/nowhere", "DEVICE"),
    (f"--token {TOKEN} --pid 30000 --cgroup /sys/fs/cgroup/nowhere", "CGROUP"),
    (f"--token {TOKEN} --pid 30000 --cgroup /etc", "CGROUP"),
    (f"--token {TOKEN} --pid 30000 --namespaces-of 99999", "NAMESPACE"),
    (f"--token {TOKEN} --pid 30000 --monotonic-offset -9000000000000000000", "NAMESPACE"),
    (f"--token {TOKEN} --pid 1", "PID_TAKEN"),
    (f"--token {TOKEN} --pid 2", "PID_TAKEN"),
    (f"--token {TOKEN} --pid 2000000000", "CLONE"),
)


def run(tier):
    check = tier.report.check
    for arguments, code in ERRORS:
        check(f"stub: {code}: {arguments or 'no arguments'}", error, tier, arguments, code)
    check("stub: PLAN: a token that nobody knows", unknown_token, tier)
    check("stub: the process is in its cgroup", cgroup, tier)
    check("stub: a cgroup that is not there is told to the source", no_cgroup, tier)
    check("stub: from other namespaces into those of init", namespaces, tier)
    check("stub: a process of its own", alone, tier)


def error(tier, arguments, code):
    status, out = tier.b.status(f"{STUB} {arguments}")
    require(status != 0, f"it succeeded: {out}")
    require(re.fullmatch(r"error=%s errno=\d+ message=.+" % code, out), f"it said: {out}")


def unknown_token(tier):
    """The launcher has left when the kernel refuses: the child itself has to tell."""
    # the pipe ends when the child, its last writer, is gone
    status, out = tier.b.status(f"{STUB} --token {TOKEN} --pid 30001 2>&1 | cat")
    lines = sorted(out.splitlines())
    require(status == 0 and len(lines) == 2 and lines[1] == "pid=30001" and
            lines[0].startswith("error=PLAN errno=2 "), f"it said: {out}")
    require(not tier.b.exists(30001), "the process is still there")


def started(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    return program


def cgroup(tier):
    path = "/sys/fs/cgroup/procmig-test"
    program = started(tier)
    tier.b.run(f"mkdir -p {path}")
    migrate(tier, program.pid, tier.a, tier.b, target_options=["--", "--cgroup", path])
    program.runs_only_on(tier.b)
    require(tier.b.run(f"cat /proc/{program.pid}/cgroup") == "0::/procmig-test",
            tier.b.run(f"cat /proc/{program.pid}/cgroup"))
    program.stop_and_compare(tier.b)
    tier.b.run(f"rmdir {path}")


def no_cgroup(tier):
    program = started(tier)
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          target_options=["--", "--cgroup", "/sys/fs/cgroup/nowhere"]).finish()
    require("error=CGROUP" in migration.source.why() and "error=CGROUP" in migration.target.why(),
            f"{migration.source.why()}; {migration.target.why()}")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def namespaces(tier):
    """As from the container of an agent, which has some of its own."""
    program = started(tier)
    tier.b.run(f"printf '#!/bin/sh\\nexec unshare --mount --uts --ipc --cgroup {STUB} \"$@\"\\n' "
               f"> {HOME}/contained && chmod +x {HOME}/contained")
    migrate(tier, program.pid, tier.a, tier.b, target_options=["--stub", f"{HOME}/contained"])
    program.runs_only_on(tier.b)
    kinds = "mnt uts ipc net cgroup pid user"
    differing = tier.b.run(f"for kind in {kinds}; do [ $(readlink /proc/1/ns/$kind) = "
                           f"$(readlink /proc/{program.pid}/ns/$kind) ] || echo $kind; done")
    require(not differing, f"its namespaces differ from init's: {differing}")
    program.stop_and_compare(tier.b)


def alone(tier):
    """Nothing of the stub, the drive or the session that started it is left on it."""
    program = started(tier)
    before = tier.a.run(f"ls /proc/{program.pid}/fd")
    migrate(tier, program.pid, tier.a, tier.b)
    program.runs_only_on(tier.b)
    found = tier.b.run(f"ps -o ppid=,pgid=,sid=,tty= -p {program.pid}").split()
    require(found == ["1", str(program.pid), str(program.pid), "?"],
            f"parent, group, session and terminal are {found}")
    require(tier.b.run(f"ls /proc/{program.pid}/fd") == before, "it has other descriptors than before")
    require(tier.b.run(f"readlink /proc/{program.pid}/exe") == f"{HOME}/counter",
            "its program is not its own")
    maps = tier.b.run(f"grep -c procmig-stub /proc/{program.pid}/maps; true")
    require(maps == "0", "the stub is still mapped")
    program.stop_and_compare(tier.b)
