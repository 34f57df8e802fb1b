# SPDX-License-Identifier: GPL-2.0-only
"""Modules come and go only while nobody uses them, and leave nothing behind."""
import re

from ..guest import MODULES, Guest
from ..migration import Migration, migrate, nothing_left
from ..program import Program
from ..report import Failed, Skipped, require


def run(tier):
    check = tier.report.check
    check("modules: rmmod in use is refused", in_use, tier)
    check("modules: a subsystem that only the source has", missing_on_target, tier)
    for module in ("procmig_files", "procmig_memory", "procmig_signals", "procmig_task",
                   "procmig_ipc"):
        check(f"modules: without {module} nothing is migrated", missing_everywhere, tier, module)
    check("modules: without a medium", without_medium, tier)
    check("modules: memory after many aborted migrations", memory_returns, tier)
    check("modules: removed and inserted again", come_and_go, tier)
    check("modules: their slab caches are empty", slab, tier)
    check("modules: nothing is left at the end", nothing_at_the_end, tier)
    check("kernel logs", logs, tier)


def in_use(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--stop-at", "both-ready"],
                          options=["--watchdog-ms", "120000", "--timeout-ms", "180000"])
    migration.source.await_point("both-ready")
    used = [module for module in MODULES if module != "procmig_loopback"]
    for guest in tier.guests:
        said = guest.run("; ".join(f"rmmod {module} 2>&1; echo {module} "
                                   f"$(cat /sys/module/{module}/refcnt)" for module in used))
        for module in used:
            require(re.search(rf"{module} is in use", said), f"{guest}: rmmod {module}: {said}")
            users = re.search(rf"^{module} (\d+)$", said, re.M)
            require(users and int(users[1]) > 0, f"{guest}: users of {module}: {said}")
    migration.source.kill("CONT")
    migration.succeeded()
    program.runs_only_on(tier.b)
    program.stop_and_compare(tier.b)
    nothing_left(*tier.guests)


def missing_on_target(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    tier.b.run("rmmod procmig_signals")
    try:
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    finally:
        tier.b.insert_modules()
    require(migration.source.status == 1 and migration.target.status == 1,
            f"{migration.source.why()}; {migration.target.why()}")
    require("same modules" in migration.target.why(), migration.target.why())
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)


def missing_everywhere(tier, module):
    """What no loaded module carries must not be lost in silence."""
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    tier.each(lambda guest: guest.remove_modules(guest.with_users(module)))
    try:
        obstacles, _ = tier.a.inspect(program.pid)
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
        winner = migration.settle()
    finally:
        tier.each(Guest.insert_modules)
    require(winner is tier.a, f"a process was migrated without {module}, its state is lost")
    require(obstacles, f"preflight without {module} names no obstacle; "
            f"only the attempt failed: {migration.source.why()}")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)


def without_medium(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    tier.b.run("rmmod procmig_socket")
    try:
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    finally:
        tier.b.insert_modules()
    require(migration.target.answer.get("step_error_name") == "EOPNOTSUPP", migration.target.why())
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)


def available(guest):
    guest.run("sync; echo 3 > /proc/sys/vm/drop_caches")
    fields = dict(line.split(":") for line in guest.run("cat /proc/meminfo").splitlines())
    return {name: int(fields[name].split()[0]) for name in ("MemFree", "SUnreclaim", "PageTables")}


def memory_returns(tier):
    """Five times 64 MiB that were sent and thrown away again; the pages come back."""
    program = Program(tier, "big", argument=64).start(tier.a)
    program.await_lines(2)
    before = None
    for attempt in range(6):
        Migration(tier, program.pid, tier.a, tier.b, source_options=["--no-commit"]).finish()
        if attempt == 0:        # what is only allocated once has been by now
            before = [available(guest) for guest in tier.guests]
    after = [available(guest) for guest in tier.guests]
    for guest, b, a in zip(tier.guests, before, after):
        lost = b["MemFree"] - a["MemFree"]
        require(lost < 16 << 10, f"{guest}: {lost} KiB of memory are missing")
        grown = a["SUnreclaim"] - b["SUnreclaim"]
        require(grown < 4 << 10, f"{guest}: the slab grew by {grown} KiB")
    program.runs_only_on(tier.a)
    program.stop(tier.a)


def come_and_go(tier):
    def again(guest):
        for _ in range(3):
            guest.remove_modules()
            guest.insert_modules()

    tier.each(again)
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    migrate(tier, program.pid, tier.a, tier.b)
    program.runs_only_on(tier.b)
    program.stop_and_compare(tier.b)


def slab(tier):
    """Only a cache that the kernel has not merged with others has numbers of its own."""
    merged = []
    for guest in tier.guests:
        nothing_left(guest)
        for cache in guest.run("ls -d /sys/kernel/slab/procmig_*").split():
            if guest.run(f"readlink {cache}; true"):
                merged.append(cache.rpartition("/")[2])
                continue
            # a processor's own slab counts as full until it is given back
            objects = int(guest.run(f"echo 1 > {cache}/shrink; cat {cache}/objects").split()[0])
            require(not objects, f"{guest}: {objects} objects in {cache}")
    if merged:
        raise Skipped(f"merged with other caches: {', '.join(sorted(set(merged)))}; "
                      "boot the guests with slab_nomerge")


def nothing_at_the_end(tier):
    problems = []
    for guest in tier.guests:
        nothing_left(guest)
        for module in reversed(MODULES):
            users = int(guest.run(f"cat /sys/module/{module}/refcnt"))
            # the core is used by the modules that register with it
            if users and module != "procmig":
                problems.append(f"{guest}: {module} has {users} users")
            status, out = guest.status(f"rmmod {module}")
            if status:
                problems.append(f"{guest}: rmmod {module}: {out}")
        left = guest.run("grep -h procmig /proc/modules /proc/slabinfo; ls -d /dev/procmig "
                         "/sys/module/procmig* 2>/dev/null; true")
        if left:
            problems.append(f"{guest}: is left: {left}")
        guest.insert_modules()
    if problems:
        raise Failed("\n".join(problems))


def logs(tier):
    done = tier.lab("check-logs", check=False)
    require(done.returncode == 0, (done.stdout + done.stderr).strip())
