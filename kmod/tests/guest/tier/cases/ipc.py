# SPDX-License-Identifier: GPL-2.0-only
"""System V IPC: it moves with its users, once, and leaves nothing; or it stays where it is."""
import random
import shlex
import time

from ..migration import Migration, foretold, migrate, nothing_left
from ..program import Program
from ..report import require
from ..stream import BULK, DEMAND, IPC
from .streams import REFUSED, SURVIVED, Recording, attempt, judge

SEGMENT, SET, QUEUE, MESSAGE, UNDO = 1, 3, 4, 5, 6
KEY = 0x70726f63
FUZZED = 4                          # times as many as of a kind of file

# columns of /proc/sysvipc that stay while the programs go on
KEPT = {"shm": range(14), "sem": (0, 1, 2, 3, 4, 5, 6, 7, 9), "msg": (0, 1, 2, 7, 8, 9, 10, 13)}

# (type, what, offset, layout, value, verdict): one member of one record
MEMBERS = (
    (SEGMENT, "a negative ID", 0, "i", -1, REFUSED),
    (SEGMENT, "uid -1", 8, "I", 0xffffffff, REFUSED),
    (SEGMENT, "cgid -1", 20, "I", 0xffffffff, REFUSED),
    (SEGMENT, "mode", 24, "I", 0xffffffff, REFUSED),
    (SEGMENT, "reserved", 28, "I", 1, REFUSED),
    (SEGMENT, "no bytes", 40, "Q", 0, REFUSED),
    (SEGMENT, "all bytes there are", 40, "Q", 0xffffffffffffffff, REFUSED),
    (SEGMENT, "smaller than its content", 40, "Q", 1, REFUSED),
    (SEGMENT, "made by nobody inside", 64, "i", 1, SURVIVED),
    (SEGMENT, "its pages come under another number", 72, "I", 4711, REFUSED),
    (SEGMENT, "reserved at the end", 76, "I", 1, REFUSED),
    (SET, "no semaphore", 40, "I", 0, REFUSED),
    (SET, "number of semaphores", 40, "I", 0xffffffff, REFUSED),
    (SET, "SHM_DEST", 24, "I", 0o1600, REFUSED),
    (SET, "a negative value", 52, "i", -1, REFUSED),
    (SET, "a value over the limit", 52, "i", 32768, REFUSED),
    (SET, "used last by nobody inside", 48, "i", 1, SURVIVED),
    (QUEUE, "limit", 40, "Q", 0xffffffffffffffff, REFUSED),
    (QUEUE, "limit below what is in it", 40, "Q", 1, SURVIVED),
    (MESSAGE, "to another queue", 0, "i", 4711, REFUSED),
    (MESSAGE, "length", 4, "I", 0xffffffff, REFUSED),
    (MESSAGE, "type 0", 8, "q", 0, REFUSED),
    (MESSAGE, "type -1", 8, "q", -1, REFUSED),
    (UNDO, "of another set", 0, "i", 4711, REFUSED),
    (UNDO, "count", 4, "I", 0xffffffff, REFUSED),
)


def run(tier):
    check = tier.report.check
    check("ipc: segments, semaphores, queues, there and back", there_and_back, tier)
    check("ipc: with keys", with_keys, tier)
    check("ipc: no call says that it was interrupted, there and back", interrupted, tier)
    check("ipc: no call says that it was interrupted, rolled back", interrupted_rollback, tier)
    check("ipc: a rollback leaves everything", rollback, tier)
    check("ipc: the target fails when everything is there", target_fails, tier)
    check("ipc: an ID that is taken on the target", taken_id, tier)
    check("ipc: a key that is taken on the target", taken_key, tier)
    check("ipc: attached outside", attached_outside, tier)
    check("ipc: a semaphore that is used outside", used_outside, tier)
    check("ipc: a target without the module", missing_on_target, tier)
    recording = Recording(tier, lambda tier: Program(tier, "sysv", argument="="), ready="\n8 ")
    check("ipc: streams: as recorded", recorded, tier, recording)
    for kind, what, offset, layout, value, verdict in MEMBERS:
        check(f"ipc: streams: record {kind}: {what}", spoiled, tier, recording,
              kind, offset, layout, value, verdict)
    check("ipc: streams: an object twice", twice, tier, recording)
    check("ipc: streams: without its records", without, tier, recording)
    check(f"ipc: streams: {FUZZED * tier.options.spoiled} with bytes changed", fuzzed, tier, recording)
    check("ipc: streams: the source that was recorded has lost nothing", lost_nothing, tier, recording)


def objects(guest, columns=None):
    """What there is, by kind; the columns that are asked for."""
    found = {}
    for kind, kept in KEPT.items():
        rows = [line.split() for line in guest.run(f"tail -n +2 /proc/sysvipc/{kind}").splitlines()]
        found[kind] = [[row[i] for i in (columns or kept)] for row in rows]
    return found


def nothing_there(guest):
    """What is attached goes with the last process."""
    deadline = time.monotonic() + 10
    while any(found := objects(guest).values()):
        require(time.monotonic() < deadline, f"{guest}: is left: {list(found)}")
        time.sleep(0.1)


def tidy(guest):
    guest.run("ipcrm --all")
    nothing_there(guest)


def started(tier, argument=None, name="sysv"):
    for guest in tier.guests:
        tidy(guest)
    program = Program(tier, name, argument=argument).start(tier.a)
    program.await_lines(4)
    return program


def move(tier, program, source, target):
    before = objects(source)
    require(any(before.values()), "the program has nothing of System V IPC")
    migrate(tier, program.pid, source, target)
    program.runs_only_on(target)
    after = objects(target)
    require(after == before, f"it was\n{before}\nand is\n{after}")
    nothing_there(source)
    program.advances(4)


def end(tier, program, guest):
    program.stop_and_compare(guest)
    for each in tier.guests:
        nothing_there(each)
    nothing_left(*tier.guests)


def there_and_back(tier):
    program = started(tier)
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)) * 2:
        move(tier, program, source, target)
    end(tier, program, tier.a)


def with_keys(tier):
    program = started(tier, KEY)
    move(tier, program, tier.a, tier.b)
    end(tier, program, tier.b)


def interrupted(tier):
    program = started(tier, name="interrupted")
    for source, target in ((tier.a, tier.b), (tier.b, tier.a)):
        move(tier, program, source, target)
    end(tier, program, tier.a)


def stays(tier, program, before, migration):
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    require(objects(tier.a) == before, f"it was\n{before}\nand is\n{objects(tier.a)}")
    program.advances(4)


def interrupted_rollback(tier):
    program = started(tier, name="interrupted")
    before = objects(tier.a)
    for _ in range(3):
        migration = Migration(tier, program.pid, tier.a, tier.b,
                              source_options=["--no-commit"]).finish()
        stays(tier, program, before, migration)
        nothing_there(tier.b)
    end(tier, program, tier.a)


def rollback(tier):
    program = started(tier)
    before = objects(tier.a)
    for point in ("SAVING", "SAVED", "both-ready"):
        migration = Migration(tier, program.pid, tier.a, tier.b,
                              source_options=["--abort-at", point]).finish()
        stays(tier, program, before, migration)
        nothing_there(tier.b)
    move(tier, program, tier.a, tier.b)
    end(tier, program, tier.b)


def target_fails(tier):
    program = started(tier)
    before = objects(tier.a)
    for options in (["--abort-at", "READY"], ["--crash-at", "LOADING"]):
        migration = Migration(tier, program.pid, tier.a, tier.b, target_options=options).finish()
        stays(tier, program, before, migration)
        nothing_there(tier.b)
    end(tier, program, tier.a)


def libc(code):
    """A line of Python that knows the C library."""
    return f"python3 -c {shlex.quote(f'import ctypes, time, os; c = ctypes.CDLL(None, use_errno=True); {code}')}"


def refused(tier, program, expected):
    foretold(tier, program, expected)
    before = objects(tier.a)
    migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    require(expected in migration.target.why(), f"expected '{expected}' in {migration.target.why()}")
    stays(tier, program, before, migration)


def taken_id(tier):
    program = started(tier)
    for kind, name, call in (("shm", "shared memory", "shmget(0, 4096, 0o600)"),
                             ("sem", "semaphore set", "semget(0, 1, 0o600)"),
                             ("msg", "message queue", "msgget(0, 0o600)")):
        number = objects(tier.a, (1,))[kind][0][0]
        tier.b.run(f"echo {number} > /proc/sys/kernel/{kind}_next_id; " + libc(f"c.{call}"))
        taken = objects(tier.b, (1,))
        require(taken[kind] == [[number]], f"the ID could not be taken: {taken}")
        refused(tier, program, f"System V {name} {number}: that ID is taken here")
        require(objects(tier.b, (1,)) == taken, "what the target had is not there any more")
        tidy(tier.b)
    move(tier, program, tier.a, tier.b)
    end(tier, program, tier.b)


def taken_key(tier):
    program = started(tier, KEY)
    tier.b.run(libc(f"c.msgget({KEY}, 0o1600)"))
    refused(tier, program, f"its key {KEY:#x} is taken here by ")
    tidy(tier.b)
    end(tier, program, tier.a)


def named_outside(tier, program, code):
    """A process outside does that and stays; preflight names it."""
    pid = tier.a.start(["python3", "-c",
                        f"import ctypes, time; c = ctypes.CDLL(None); c.shmat.restype = ctypes.c_void_p; "
                        f"{code}; time.sleep(1000)"])
    deadline = time.monotonic() + 30
    try:
        while True:
            obstacles, _ = tier.a.inspect(program.pid)
            if any(f"pid {pid} (python3)" in o["text"] for o in obstacles):
                break
            require(time.monotonic() < deadline, f"pid {pid} is not named: {obstacles}")
            time.sleep(0.2)
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
        require(migration.settle() is tier.a, "the source did not keep it")
    finally:
        tier.a.kill(pid)
        tier.a.await_gone(pid)
    program.runs_only_on(tier.a)
    migrate(tier, program.pid, tier.a, tier.b)
    program.runs_only_on(tier.b)
    end(tier, program, tier.b)


def attached_outside(tier):
    program = started(tier, KEY)
    named_outside(tier, program, f"c.shmat(c.shmget({KEY}, 0, 0), 0, 0)")


def used_outside(tier):
    program = started(tier, KEY)
    # looks whether it is 0, and would undo what it has not done
    named_outside(tier, program, f"c.semop(c.semget({KEY}, 0, 0), (ctypes.c_short * 3)(1, 0, 0o14000), 1)")


def missing_on_target(tier):
    program = started(tier)
    before = objects(tier.a)
    tier.b.run("rmmod procmig_ipc")
    try:
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    finally:
        tier.b.insert_modules()
    require("load the same modules" in migration.target.why(), migration.target.why())
    stays(tier, program, before, migration)
    end(tier, program, tier.a)


# ---- streams ------------------------------------------------------------------

def played(tier, recording, stream, run_it):
    """What ran there may leave something that only it would have removed."""
    try:
        return attempt(tier, recording, stream.bytes(DEMAND), stream.bytes(BULK), run_it=run_it)
    finally:
        if run_it:
            tidy(tier.b)
        nothing_there(tier.b)


def recorded(tier, recording):
    for guest in tier.guests:
        tidy(guest)
    word, answer = played(tier, recording, recording.get(), True)
    require(word == "READY" and answer["state"] == "FINISHED", f"{word}: {answer}")
    nothing_left(tier.b)


def spoiled(tier, recording, kind, offset, layout, value, verdict):
    stream = recording.get()
    stream.find(IPC, kind).put(offset, layout, value)
    judge(*played(tier, recording, stream, verdict is not REFUSED), verdict)
    nothing_left(tier.b)


def twice(tier, recording):
    for kind in (SEGMENT, SET, QUEUE):
        stream = recording.get()
        record = stream.find(IPC, kind)
        stream.demand.insert(stream.demand.index(record), stream.copy().find(IPC, kind))
        judge(*played(tier, recording, stream, False), REFUSED)


def without(tier, recording):
    for kind in (SEGMENT, SET, QUEUE):
        stream = recording.get()
        # an empty queue would not be missed: the one that the first message is in
        last = stream.demand.index(stream.find(IPC, MESSAGE)) if kind == QUEUE else len(stream.demand)
        places = [i for i, r in enumerate(stream.demand[:last]) if (r.subsystem, r.type) == (IPC, kind)]
        del stream.demand[places[-1 if kind == QUEUE else 0]]
        judge(*played(tier, recording, stream, False), REFUSED)


def fuzzed(tier, recording):
    for number in range(FUZZED * tier.options.spoiled):
        seed = f"{tier.options.seed} ipc {number}"
        chance = random.Random(seed)
        stream = recording.get()
        record = chance.choice([r for r in stream.demand if r.subsystem == IPC])
        for _ in range(chance.choice((1, 2, 4))):
            record.body[chance.randrange(min(len(record.body), 96))] = \
                chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
        word, answer = played(tier, recording, stream, True)
        require(word == "READY" or answer.get("state") == "ABORTED",
                f"seed {seed}: the target is {answer.get('state')}: {word}")


def lost_nothing(tier, recording):
    require(recording.program, "nothing was recorded")
    tier.programs.append(recording.program)
    recording.program.stop(tier.a)
    for guest in tier.guests:
        nothing_there(guest)
    nothing_left(*tier.guests)
