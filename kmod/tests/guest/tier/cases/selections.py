# SPDX-License-Identifier: GPL-2.0-only
"""Processes that are one event although none of them is the ancestor of all."""
import contextlib
import time

from ..migration import Migration, foretold, migrate, nothing_left
from ..program import Program
from ..report import Failed, require

CGROUP = "/sys/fs/cgroup/procmig-selection"


def run(tier):
    check = tier.report.check
    check("selections: a session whose members are siblings, there and back", there_and_back, tier,
          "session")
    check("selections: a pipeline of a shell that stays behind, there and back", there_and_back,
          tier, "group")
    check("selections: a pipeline over three channels, there and back", there_and_back, tier, "group",
          ["--bulk", "3"])
    check("selections: a process group whose leader has ended, there and back", leaderless, tier,
          "leaderless", "session")
    check("selections: a session whose leader has ended, there and back", leaderless, tier, "orphaned", "tree")
    check("selections: a control group and who left it, there and back", control_group, tier)
    check("selections: a shell's job", shell_job, tier)
    check("selections: one process and nobody else", alone, tier)
    check("selections: refused: who is left out shares with one inside", left_out, tier)
    check("selections: refused: the parent that stays behind holds a pipe", held, tier)
    check("selections: refused: a process group whose leader stays behind", led_outside, tier)
    check("selections: refused: the root cgroup", root_cgroup, tier)
    check("selections: refused: a group that grows without end", growing, tier)
    check("selections: refused: a PID of a second root is taken on the target", root_taken, tier)


class Siblings(Program):
    """Followed by the first of the three; the parent that started them is @outside."""

    def __init__(self, tier, argument):
        super().__init__(tier, "siblings", argument=argument)
        self.outside = None
        self.members = []

    def start(self, guest):
        super().start(guest)
        self.outside = self.pid
        self.await_lines(2)
        first, *siblings = sorted(map(int, guest.run(f"pgrep -P {self.outside}").split()))
        second = siblings[0] if siblings else int(guest.run(f"pgrep -P {first}"))
        self.pid = first
        self.members = [first, second, int(guest.run(f"pgrep -P {second}"))]
        return self

    def end(self, guest):
        self.stop_and_compare(guest)
        for pid in self.members:
            guest.await_gone(pid)
        if self.home is not guest:
            self.home.await_gone(self.outside)


def place(guest, pid):
    """Parent, group, session."""
    return [*map(int, guest.run(f"ps -o ppid=,pgid=,sid= -p {pid}").split())]


def move(tier, program, selection, named, source, target, source_options=(), **options):
    _, summary = source.inspect(named, "--select", selection)
    require(summary.get("processes") == 3 and summary["threads"] == 3,
            f"preflight found {summary}")
    require(summary["pids"][0] == named and sorted(summary["pids"]) == sorted(program.members),
            f"preflight of {named} with {program.members} found {summary}")
    migrate(tier, named, source, target, source_options=["--select", selection, *source_options], **options)
    program.runs_only_on(target)
    for pid in program.members:
        source.await_gone(pid)
        require(target.exists(pid), f"process {pid} is not on {target}")


def check_places(program, guest, leader):
    first, second, third = program.members
    expected = {first: 1, second: 1, third: second}
    for pid, parent in expected.items():
        found = place(guest, pid)
        require(found == [parent, leader, leader],
                f"parent, group and session of {pid} are {found}, {leader} leads them")


def there_and_back(tier, argument, options=()):
    """Named are all in turn: the leader, its sibling, and the sibling's child."""
    program = Siblings(tier, argument).start(tier.a)
    here = tier.a
    for named in (*program.members, program.pid):
        there = tier.other(here)
        # what is one session or one group stays both from then on
        move(tier, program, argument, named, here, there, source_options=options)
        check_places(program, there, program.pid)
        if here is tier.a and named == program.pid:
            tier.a.await_gone(program.outside)
        here = there
    program.end(here)
    nothing_left(*tier.guests)


@contextlib.contextmanager
def cgroups(tier):
    for guest in tier.guests:
        guest.run(f"mkdir -p {CGROUP}/below")
    try:
        yield
    finally:
        for guest in tier.guests:
            guest.run(f"for i in 1 2 3 4 5; do rmdir {CGROUP}/below {CGROUP} && break; sleep 1; done; true")


def cgroup_of(guest, pid):
    return guest.run(f"sed -n 's/^0:://p' /proc/{pid}/cgroup")


def control_group(tier):
    with cgroups(tier):
        program = Siblings(tier, "plain").start(tier.a)
        first, second, third = program.members
        # one in it, one below it, and one that is elsewhere but descends from the second
        tier.a.run(f"echo {first} > {CGROUP}/cgroup.procs; echo {second} > {CGROUP}/below/cgroup.procs")
        require(not cgroup_of(tier.a, third).startswith("/procmig"), "the third is in the group")
        move(tier, program, "cgroup", first, tier.a, tier.b,
             target_options=["--", "--cgroup", f"{CGROUP}/below"])
        check_places(program, tier.b, first)
        for pid in program.members:
            found = cgroup_of(tier.b, pid)
            require(found == "/procmig-selection/below", f"process {pid} is in {found}")
        # from below upwards: whoever is named has them all, being in the same one
        move(tier, program, "cgroup", third, tier.b, tier.a,
             target_options=["--", "--cgroup", CGROUP])
        check_places(program, tier.a, first)
        program.end(tier.a)
        tier.a.await_gone(program.outside)
        nothing_left(*tier.guests)


def shell_job(tier):
    """What a shell with job control makes of a pipeline; it waits and stays."""
    out, path = tier.out("job")
    words = 'while sleep 0.2; do n=$((n+1)); echo $n; done'
    script = f"set -m; sh -c '{words}' | cat | sed -u 's/^/line /' > {out}"
    shell = tier.a.start(["bash", "-c", script])
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text().splitlines()) < 2:
        require(time.monotonic() < deadline, "the pipeline did not begin")
        time.sleep(0.1)
    pids = sorted(map(int, tier.a.run(f"pgrep -P {shell}").split()))
    require(len(pids) == 3, f"the pipeline is {pids}")
    # by its last process, while the first one always has a child of its own
    migrate(tier, pids[-1], tier.a, tier.b, source_options=["--select", "group"])
    for pid in pids:
        require(tier.b.exists(pid), f"process {pid} is not on the target")
        require(place(tier.b, pid) == [1, pids[0], pids[0]], f"{pid}: {place(tier.b, pid)}")
        tier.a.await_gone(pid)
    before = len(path.read_text().splitlines())
    while len(path.read_text().splitlines()) < before + 3:
        require(time.monotonic() < deadline + 60, "the pipeline does not go on")
        time.sleep(0.1)
    tier.a.await_gone(shell)
    tier.b.kill(f"-{pids[0]}")      # the group
    for pid in pids:
        tier.b.await_gone(pid)
    lines = path.read_text().splitlines()
    require(lines == [f"line {n + 1}" for n in range(len(lines))], f"the lines are {lines}")
    nothing_left(*tier.guests)


def alone(tier):
    """A selection may be a single process; the tree is what it always was."""
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    for selection, source, target in (("session", tier.a, tier.b), ("group", tier.b, tier.a),
                                      ("tree", tier.a, tier.b)):
        _, summary = source.inspect(program.pid, "--select", selection)
        require(summary["processes"] == 1, f"{selection}: {summary}")
        migrate(tier, program.pid, source, target, source_options=["--select", selection])
        program.runs_only_on(target)
    program.stop_and_compare(tier.b)
    nothing_left(*tier.guests)


def refused(tier, program, selection, *words, options=()):
    """Preflight says so, and a source that does not ask is refused likewise."""
    obstacles, _ = tier.a.inspect(program.pid, "--select", selection)
    texts = "; ".join(o["text"] for o in obstacles)
    require(any(all(word in o["text"] for word in words) for o in obstacles),
            f"expected {words} in: {texts or 'no obstacle'}")
    fails(tier, program, selection, options=options)


def fails(tier, program, selection, *words, options=()):
    migration = Migration(tier, program.pid, tier.a, tier.b,
                          source_options=["--select", selection, *options]).finish()
    require(migration.source.status != 0, "the checkpoint was not refused")
    require(all(word in migration.source.why() for word in words),
            f"expected {words} in: {migration.source.why()}; {migration.target.why()}")
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop(tier.a)
    nothing_left(*tier.guests)


def left_out(tier):
    program = Siblings(tier, "group").start(tier.a)
    refused(tier, program, "tree", "pipe", str(program.members[1]))


def held(tier):
    program = Siblings(tier, "held").start(tier.a)
    refused(tier, program, "group", "pipe", str(program.outside))


def leaderless(tier, argument, selection):
    """It keeps its number, which nobody else may have."""
    program = Siblings(tier, argument).start(tier.a)
    expected = [place(tier.a, pid)[1:] for pid in program.members]
    number = expected[1][0]
    here = tier.a
    for _ in range(2):
        there = tier.other(here)
        require(not here.exists(number), f"{number} has its leader on {here}")
        with taken(there, number):
            foretold(tier, program, f"process group or session {number}, whose leader has ended: that number is in use",
                     selection=selection, source=here, target=there)
        foretold(tier, program, selection=selection, source=here, target=there)
        move(tier, program, selection, program.pid, here, there)
        found = [place(there, pid)[1:] for pid in program.members]
        require(found[1:] == expected[1:], f"groups and sessions were {expected} and are {found}")
        here = there
    program.end(here)
    nothing_left(*tier.guests)


LED_OUTSIDE = """
import os, time
def child(work):
    pid = os.fork()
    if not pid:
        work()
        time.sleep(1000)
    return pid
if os.getsid(0) != os.getpid():
    os.setsid()
leader = child(lambda: os.setpgid(0, 0))
while os.getpgid(leader) != leader:
    time.sleep(0.01)
child(lambda: child(lambda: os.setpgid(0, leader)))
time.sleep(1000)
"""


def led_outside(tier):
    top = tier.a.start(["python3", "-c", LED_OUTSIDE])
    try:
        member = int(tier.a.run(f"timeout 30 sh -c 'until pgrep -P $(pgrep -n -P {top}) -g $(pgrep -o -P {top}) 2>&-; "
                                "do sleep 0.1; done'"))
        named, leader = int(tier.a.run(f"ps -o ppid= -p {member}")), place(tier.a, member)[1]
        obstacles, _ = tier.a.inspect(named, "--select", "tree")
        require(any(f"leader of process group {leader} stays behind" in o["text"] for o in obstacles), str(obstacles))
    finally:
        tier.a.run(f"pkill -9 -s {top}")
        tier.a.await_gone(top)


def root_cgroup(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    tier.a.run(f"echo {program.pid} > /sys/fs/cgroup/cgroup.procs")
    refused(tier, program, "cgroup", "root cgroup", str(program.pid))


def growing(tier):
    program = Siblings(tier, "growing").start(tier.a)
    # neither may the kernel simply be quicker, nor a limit end the growth
    tier.a.run(f"renice -n -5 {program.outside} && echo {program.outside} > /sys/fs/cgroup/cgroup.procs")
    deadline = time.monotonic() + 60
    while int(tier.a.run(f"pgrep -c -g {program.pid}; true")) < 5:
        require(time.monotonic() < deadline, "the group does not grow")
    # Who freezes may be quicker than who grows: then it is given back and tried again.
    for _ in range(10):
        migration = Migration(tier, program.pid, tier.a, tier.b,
                              source_options=["--select", "group", "--quiesce-ms", "300",
                                              "--no-commit"]).finish()
        require(migration.settle() is tier.a, "the source did not keep it")
        if "still turn up" in migration.source.why():
            break
        require("undone as asked" in migration.source.why(), migration.source.why())
    else:
        raise Failed("it was caught ten times")
    program.runs_only_on(tier.a)
    program.stop(tier.a)
    nothing_left(*tier.guests)


@contextlib.contextmanager
def taken(guest, pid):
    own = guest.run("cat /proc/sys/kernel/ns_last_pid")
    guest.run(f"echo {pid - 1} > /proc/sys/kernel/ns_last_pid; "
              "sleep 1000 </dev/null >/dev/null 2>&1 &")
    guest.run(f"echo {own} > /proc/sys/kernel/ns_last_pid")
    try:
        require(guest.exists(pid), "the PID could not be taken")
        yield
    finally:
        guest.kill(pid)
        guest.await_gone(pid)


def root_taken(tier):
    program = Siblings(tier, "group").start(tier.a)
    second = program.members[1]
    with taken(tier.b, second):
        fails(tier, program, "group", f"process {second}: ")
