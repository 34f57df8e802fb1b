# SPDX-License-Identifier: GPL-2.0-only
"""Every program there and back again, compared with an uninterrupted run."""
import random
import time

from ..migration import Migration, migrate, nothing_left
from ..program import Program
from ..report import Failed, require

# name, argument, lines to wait for between hops
PROGRAMS = (
    ("counter", None, 4), ("recurse", None, 12), ("avx", None, 4), ("alarm", None, 5),
    ("alarm", "alarm", 1), ("sleeper", 300, 2), ("append", None, 4), ("dupfd", None, 4),
    ("pending", None, 4), ("credentials", None, 4), ("memory", None, 4), ("big", 32, 4),
    ("tls_robust", None, 3), ("poll", 300, 3), ("hashchain.py", None, 3), ("count.pl", None, 4),
    ("threads", None, 4), ("thread_sleep", 300, 3), ("thread_churn", None, 4),
    ("attributes", None, 4), ("posix_timers", None, 4), ("stopped", None, 3),
    ("cpu_limit", None, 4), ("confined", None, 4),
)


def run(tier):
    check = tier.report.check
    for name, argument, lines in PROGRAMS:
        label = f"{name} {argument}" if isinstance(argument, str) else name
        check(f"programs: {label}, there and back", there_and_back, tier, name, argument, lines)
    check("programs: as an unprivileged user in a directory of its own", unprivileged, tier)
    check("programs: a tree of processes, there and back", tree, tier)
    check("programs: processes that share memory and files, there and back", sharing, tier)
    check("programs: a terminal with a shell and a job, there and back", terminal, tier)
    check("programs: bc -l", bc, tier)
    check("programs: standard output by mechanism Ignore", ignored_output, tier)
    check("programs: several channels", several_channels, tier)
    check("programs: a tree of processes over three channels", tree, tier, ["--bulk", "3"])
    check("programs: processes that share much memory over three channels", sharing, tier, ["--bulk", "3"], "wide")
    check("programs: 500 processes, there and back", many, tier)
    check("programs: several at once in both directions", several_at_once, tier)
    check(f"programs: {tier.options.hops} hops in a row", hops, tier, tier.options.hops)
    check(f"programs: a storm, moved {tier.options.storms} times at random moments", storm, tier,
          tier.options.storms)
    check("programs: rehearsal without commit", rehearsal, tier)


def there_and_back(tier, name, argument, lines):
    program = Program(tier, name, argument=argument).start(tier.a)
    program.await_lines(lines)
    migrate(tier, program.pid, tier.a, tier.b,
            source_options=["--start-time", tier.a.start_time(program.pid)])
    program.runs_only_on(tier.b, lines)
    migrate(tier, program.pid, tier.b, tier.a)
    program.runs_only_on(tier.a, lines)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def unprivileged(tier):
    tier.a.run("install -d -o 4711 -g 4711 /var/tmp/someone")
    tier.b.run("install -d -o 4711 -g 4711 /var/tmp/someone")
    program = Program(tier, "counter", user=4711, directory="/var/tmp/someone").start(tier.a)
    program.await_lines(4)
    migrate(tier, program.pid, tier.a, tier.b)
    program.runs_only_on(tier.b)
    found = tier.b.run(f"stat -c %u /proc/{program.pid}; readlink /proc/{program.pid}/cwd; "
                       f"ps -o ppid= -p {program.pid}").split()
    require(found == ["4711", "/var/tmp/someone", "1"], f"user, directory and parent are {found}")
    program.stop_and_compare(tier.b)


def relations(guest, root):
    """Of the tree's processes: PID, parent, group, session, state; the root's own place is outside."""
    lines = guest.run(f"ps -e -o pid=,ppid=,pgid=,sid=,stat=,comm=").splitlines()
    rows = {int(row[0]): row for row in map(str.split, lines)}
    found, due = {}, [root]
    while due:
        pid = due.pop()
        found[pid] = [*map(int, rows[pid][1:4]), rows[pid][4][0] == "Z"]
        due += [child for child, row in rows.items() if int(row[1]) == pid]
    outside = found.pop(root)
    return {pid: [parent, *(root if leader in outside[1:3] else leader for leader in (group, session)),
                  zombie] for pid, (parent, group, session, zombie) in found.items()}


def tree(tier, options=()):
    program = Program(tier, "tree").start(tier.a)
    program.await_lines(4)
    before = relations(tier.a, program.pid)
    require(len(before) == 10, f"the program has {len(before)} descendants: {before}")
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)):
        migrate(tier, program.pid, source, target, source_options=options)
        program.runs_only_on(target)
        for pid in before:
            source.await_gone(pid)
        after = relations(target, program.pid)
        require(after == before, f"the tree was {before}, is {after}")
        program.advances(4)
    program.stop_and_compare(tier.a)
    for pid in before:
        tier.a.await_gone(pid)
    nothing_left(*tier.guests)


def shared_kib(guest, pid):
    """Of what is private to a process: how much it has in common with others."""
    total, private = 0, False
    for line in guest.run(f"cat /proc/{pid}/smaps").splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            private = words[1][3] == "p" and words[4] == "0"
        elif private and words[0] in ("Shared_Clean:", "Shared_Dirty:"):
            total += int(words[1])
    return total


def sharing(tier, options=(), argument=None):
    program = Program(tier, "sharing", argument=argument).start(tier.a)
    program.await_lines(4)
    children = [pid for pid in relations(tier.a, program.pid)]
    require(len(children) == 3, f"the program has the children {children}")
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)):
        migrate(tier, program.pid, source, target, source_options=options)
        program.runs_only_on(target)
        for pid in children:
            source.await_gone(pid)
        require([*relations(target, program.pid)] == children, "the children are others")
        common = [shared_kib(target, pid) for pid in children]
        # what all had before the fork has 256 KiB
        require(min(common) >= 256, f"copy-on-write: only {common} KiB are shared after the move")
        program.advances(4)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def terminals(guest, root):
    """Of the tree's processes: PID, terminal, group in its foreground."""
    pids = ",".join(map(str, (root, *relations(guest, root))))
    return guest.run(f"ps -o pid=,tty=,tpgid= -p {pids}")


def terminal(tier):
    program = Program(tier, "terminal").start(tier.a)
    program.await_lines(4)
    before = terminals(tier.a, program.pid)
    require(before.count("pts/") == 2, f"shell and job have no terminal: {before}")
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)):
        migrate(tier, program.pid, source, target)
        program.runs_only_on(target)
        after = terminals(target, program.pid)
        require(after == before, f"the terminals were {before}, are {after}")
        program.advances(6)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def bc(tier):
    out, path = tier.out("bc")
    script, script_path = tier.out("bc-script")
    script_path.write_text("scale=1200\n4*a(1)\nquit\n")
    control = tier.a.run(f"BC_LINE_LENGTH=0 bc -l -q {script}", timeout=300)
    pid = tier.a.start(["sh", "-c", f"BC_LINE_LENGTH=0 exec bc -l -q {script} > {out}"])
    deadline = time.monotonic() + 30
    while tier.a.run(f"cat /proc/{pid}/comm") != "bc":
        require(time.monotonic() < deadline, "bc did not start")
    migrate(tier, pid, tier.a, tier.b)
    require(not tier.a.exists(pid), "bc is still on the source")
    require(tier.b.exists(pid), "bc had ended before it could be migrated; more digits are needed")
    deadline = time.monotonic() + 300
    while tier.b.exists(pid):
        require(time.monotonic() < deadline, "bc did not end")
        time.sleep(0.1)
    require(path.read_text().strip() == control, "the digits differ from the control run")


def ignored_output(tier):
    """A pipe as standard output cannot be carried, unless the target's own is used."""
    program = Program(tier, "counter")
    reader = tier.a.spawn("reader", ["sh", "-c", f"/opt/procmig/counter {program.out} | cat"])
    program.await_lines(4)
    program.pid = int(tier.a.run("pgrep -x counter"))
    obstacles, _ = tier.a.inspect(program.pid)
    named = sorted(o["object"] for o in obstacles)
    require(1 in named, f"the pipe at descriptor 1 was not named: {obstacles}")
    ignored = [word for fd in named for word in ("--mechanism", f"files:{fd}=ignore")]
    migrate(tier, program.pid, tier.a, tier.b, options=ignored)
    reader.result()
    program.runs_only_on(tier.b)
    require(tier.b.run(f"readlink /proc/{program.pid}/fd/1") == "/dev/null",
            "descriptor 1 is not the stub's")
    program.stop_and_compare(tier.b)


def several_channels(tier):
    program = Program(tier, "big", argument=32).start(tier.a)
    program.await_lines(2)
    migrate(tier, program.pid, tier.a, tier.b, source_options=["--bulk", "4"])
    program.runs_only_on(tier.b)
    migrate(tier, program.pid, tier.b, tier.a, source_options=["--bulk", "15"])
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)


def many(tier):
    """Three children with 165 each, one that has ended, and their parent."""
    program = Program(tier, "tree", argument=165).start(tier.a)
    program.await_lines(2, timeout=120)
    before = relations(tier.a, program.pid)
    require(len(before) == 499, f"the program has {len(before)} descendants")
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)):
        # beside other guests on two processors all that they do takes its time
        Migration(tier, program.pid, source, target, source_options=["--bulk", "4"],
                  options=["--timeout-ms", "180000"]).finish(timeout=200).succeeded()
        program.runs_only_on(target)
        require(relations(target, program.pid) == before, "the tree is another")
        deadline = time.monotonic() + 30
        while left := before.keys() & {int(pid) for pid in source.run("ps -e -o pid=").split()}:
            require(time.monotonic() < deadline, f"{len(left)} processes are left on {source}")
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def several_at_once(tier):
    there = [Program(tier, name).start(tier.a) for name in ("counter", "recurse", "avx")]
    back = [Program(tier, name).start(tier.b) for name in ("append", "count.pl")]
    for program in there + back:
        program.await_lines(2)
    moving = [Migration(tier, p.pid, tier.a, tier.b) for p in there] + \
             [Migration(tier, p.pid, tier.b, tier.a) for p in back]
    for migration in moving:
        migration.succeeded()
    for program in there:
        program.runs_only_on(tier.b)
    for program in back:
        program.runs_only_on(tier.a)
    for program in there:
        program.stop_and_compare(tier.b)
    for program in back:
        program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def hops(tier, count):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    here = tier.a
    for hop in range(count):
        there = tier.other(here)
        try:
            migrate(tier, program.pid, here, there)
            program.runs_only_on(there)
        except Failed as failed:
            raise Failed(f"hop {hop + 1}: {failed}") from None
        here = there
    program.stop_and_compare(here)
    nothing_left(*tier.guests)


def storm(tier, count):
    """Processes that fork, map, signal and write to shared memory all the time."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    program = Program(tier, "storm").start(tier.a)
    program.await_lines(2)
    here = tier.a
    for hop in range(count):
        there = tier.other(here)
        time.sleep(chance.random())
        try:
            migrate(tier, program.pid, here, there)
            program.runs_only_on(there)
        except Failed as failed:
            raise Failed(f"seed {seed}, move {hop + 1}: {failed}") from None
        here = there
    program.stop_and_compare(here)
    nothing_left(*tier.guests)


def rehearsal(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--no-commit"]).finish()
    require(migration.source.status == 0 and migration.target.answer.get("state") == "ABORTED",
            f"{migration.source.why()}; {migration.target.why()}")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)
