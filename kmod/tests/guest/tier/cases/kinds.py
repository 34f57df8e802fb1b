# SPDX-License-Identifier: GPL-2.0-only
"""Every kind of open file there and back: it works on, and the kernel says the same about it."""
import random
import re
import subprocess
from socket import AF_INET6

from .. import statemap
from ..migration import Migration, migrate, nothing_left
from ..program import Program
from ..report import require
from ..setup import ROOT
from ..stream import BULK, DEMAND, FILES
from .streams import Recording, attempt

# What an instance of the kernel numbers for itself, or what passes with time.
OWN = re.compile(r"^(mnt_id|ino|eventfd-id):.*\n|^it_value:.*\n"
                 r"| pos:\S+ ino:\S+ sdev:\S+| ino:\S+ sdev:\S+| fhandle\S*.*|\[\d+\]| [0-9a-f]+:[0-9a-f]+:\d+ ", re.M)


# Of the program that holds "device".
DEVICE = "held0"


def kinds():
    """The program itself knows them; it runs on this machine just as well."""
    program = ROOT / "e2e/programs/build/held"
    return subprocess.run([str(program), "-", "0", "list"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()


def run(tier):
    check = tier.report.check
    for kind in kinds():
        check(f"kinds: {kind}, there and back", there_and_back, tier, kind)
    for kind in kinds():
        check(f"kinds: {kind}, {tier.options.spoiled} streams with bytes changed", spoiled, tier, kind)
    check("kinds: terminals whose records are wrong", wrong_terminal, tier)
    check("kinds: devices of sockets whose names are wrong", wrong_device, tier)
    check("kinds: they are declared as the map of state says", declared, tier)
    check("kinds: one that the target does not know", missing_on_target, tier)
    check("kinds: files in memory that others made stay", others_stay, tier)
    check("kinds: a log that hears on, wherever one writes", log_hears, tier)
    check("kinds: a log that the target does not have", log_missing, tier)
    check("kinds: a log that not everybody may write to", log_closed, tier)


def seen(guest, program):
    """What the kernel says about the descriptors that lie still, by number."""
    note = next(line for line in program.text().splitlines() if line.startswith("still"))
    numbers = note.split()[1:]
    said = guest.run("; ".join(
        f"echo FD {fd}; readlink /proc/{program.pid}/fd/{fd}; cat /proc/{program.pid}/fdinfo/{fd}"
        for fd in numbers) or "true")
    parts = OWN.sub("", said + "\n").split("FD ")
    # the targets of an epoll instance are in the order of their addresses
    return "FD ".join("\n".join(sorted(part.splitlines())) + "\n" for part in parts)


def prepare(guest, program, kind):
    """What a program finds by its path must be there."""
    guest.run("mkdir -p -m 777 /var/tmp/procmig-held")
    beside = place_of(program)
    if kind == "fifo" and guest is program.tier.b:
        guest.run(f"mkfifo -m 640 {beside}-fifo")
    if kind == "inotify":
        guest.run(f"mkdir -p {beside}-watched; touch {beside}-watched/file")
    if kind == "log":
        listen(guest, beside)
    if kind == "device":
        add_device(guest)
    if kind == "locks":
        for suffix in ("posix", "description", "flock", "lease", "sent"):
            guest.run(f"touch -d 2001-01-01 {beside}-{suffix}")


def add_device(guest):
    """With an index that the other guest's has not: what goes by it would be seen."""
    index = 40 + guest.name.endswith("b")
    guest.run(f"modprobe dummy; ip link add {DEVICE} index {index} type dummy 2>/dev/null; "
              f"ip link set {DEVICE} up; ip address replace 198.51.100.77/32 dev {DEVICE}; "
              f"ip address replace fe80::77/64 dev {DEVICE} nodad")


def listen(guest, beside):
    """Somebody who keeps what datagrams bring, for as long as a case takes."""
    guest.run(f"rm -f {beside}-log; setsid timeout 90 socat -u UNIX-RECV:{beside}-log,mode=666 "
              f"OPEN:{beside}-heard,creat,append </dev/null >/dev/null 2>&1 & for i in $(seq 50); do [ -S {beside}-log ] && break; sleep 0.1; done")


def place_of(program):
    return f"/var/tmp/procmig-held/{program.out.rpartition('/')[2]}"


def log_hears(tier):
    program = Program(tier, "held", argument="log")
    for guest in tier.guests:
        prepare(guest, program, "log")
    program.start(tier.a)
    program.await_lines(3)
    migrate(tier, program.pid, tier.a, tier.b)
    program.await_lines(len(program.text().splitlines()) + 5)
    program.stop_and_compare(tier.b)
    heard = [int(number) for guest in tier.guests for number in guest.run(f"cat {place_of(program)}-heard").split()]
    require(heard == list(range(heard[0], heard[0] + len(heard))), f"both logs together heard {heard}")
    nothing_left(*tier.guests)


def log_missing(tier):
    program = Program(tier, "held", argument="log")
    prepare(tier.a, program, "log")
    program.start(tier.a)
    program.await_lines(3)
    log_refused(tier, program)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def log_refused(tier, program):
    migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    require(f"cannot be connected to {place_of(program)}-log" in migration.target.why(), migration.target.why())
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)


def log_closed(tier):
    program = Program(tier, "held", argument="log")
    for guest in tier.guests:
        prepare(guest, program, "log")
    program.start(tier.a)
    program.await_lines(3)
    tier.b.run(f"chmod 660 {place_of(program)}-log")
    log_refused(tier, program)
    tier.a.run(f"chmod 660 {place_of(program)}-log")
    obstacles, _ = tier.a.inspect(program.pid)
    require(any("Unix socket: it is connected to pid" in o["text"] for o in obstacles), f"preflight: {obstacles}")
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def there_and_back(tier, kind):
    program = Program(tier, "held", argument=kind)
    for guest in tier.guests:
        prepare(guest, program, kind)
    program.start(tier.a)
    program.await_lines(3)
    before = seen(tier.a, program)
    here = tier.a
    for _ in range(2):
        there = tier.other(here)
        migrate(tier, program.pid, here, there)
        program.runs_only_on(there)
        after = seen(there, program)
        require(after == before, f"the kernel said\n{before}\nand now says\n{after}")
        no_files_left(here)
        no_names_of_ours(there)
        here = there
    program.stop_and_compare(here)
    no_files_left(here)
    for guest in tier.guests:
        guest.run("rmdir /tmp/held-* 2>/dev/null || true")      # directories stay where they were
    nothing_left(*tier.guests)


def no_files_left(guest):
    left = guest.run("ls /dev/shm; find /tmp -path '/tmp/held-*' -type f")
    require(not left, f"{left} is left on {guest}")


def no_names_of_ours(guest):
    """Such as a deleted file has while it is made by several names."""
    left = guest.run("ls -A /var/tmp/procmig-held | grep procmig || true")
    require(not left, f"{left} is left on {guest}")


def spoiled(tier, kind):
    """Whatever a stream says about the files: it is refused or taken, and the kernel lives."""
    program = Program(tier, "held", argument=f"={kind}")
    for guest in tier.guests:
        prepare(guest, program, kind)
    recording = Recording(tier, lambda _: program, ready="still")
    names = "ls /dev/shm; find /tmp -mindepth 1 | sort"
    before = tier.b.run(names)
    for number in range(tier.options.spoiled):
        seed = f"{tier.options.seed} {kind} {number}"
        chance = random.Random(seed)
        stream = recording.get()
        record = chance.choice([r for r in stream.demand if r.subsystem == FILES and r.type != 1])
        for _ in range(chance.choice((1, 2, 4))):
            record.body[chance.randrange(len(record.body))] = \
                chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
        word, answer = attempt(tier, recording, stream.bytes(DEMAND), stream.bytes(BULK), run_it=True)
        require(word == "READY" or answer.get("state") == "ABORTED",
                f"seed {seed}: the target is {answer.get('state')}: {word}")
        left = tier.b.run(names)
        require(word == "READY" or left == before, f"seed {seed}: the target keeps {left}, and had {before}")
        tier.b.run("rm -rf /dev/shm/* /tmp/held-*")
        no_names_of_ours(tier.b)
    tier.programs.append(program)
    program.stop(tier.a)
    tier.a.run("rm -rf /dev/shm/* /tmp/held-*")
    nothing_left(*tier.guests)


# (record, what, offset, layout, value): of an open file of kind pty, or of its data
WRONG_TERMINAL = (
    ("open", "an end that there is not", 48, "I", 4),
    ("open", "a number over the limit", 52, "I", 1 << 12),
    ("open", "another number than its pair", 52, "I", 60),
    ("open", "hung up, but with a master", 56, "I", 1),
    ("open", "access of the master", 60, "I", 0xffffffff),
    ("open", "length of the path", 64, "I", 0xffffffff),
    ("open", "length of the master's path", 68, "I", 0),
    ("open", "a path that is not absolute", 72, "B", ord("x")),
    ("state", "unknown data", 8, "I", 99),
    ("state", "length", 16, "I", 0xffffffff),
    ("state", "unknown flags", 120, "I", 0xffffffff),
    ("state", "hung up, but with a master", 120, "I", 0x20),
    ("state", "a status of packet mode", 124, "I", 0x100),
    ("state", "a session that is not there", 128, "i", 1 << 22),
    ("state", "a group without a session", 128, "ii", 0, 1),
    ("state", "a group of another session", 132, "i", 1),
    ("state", "an owner that there is not", 148, "I", 0xffffffff),
    ("state", "no character device", 144, "I", 0o100600),
    ("line", "characters without marks", 16, "I", 1),
    ("line", "an end that there is not", 12, "I", 3),
    ("end", "in place of the state", 8, "I", 1),
    ("queue", "before the end of the lines", 8, "I", 2),
)
TERMINAL_DATA = {1: "state", 2: "line", 3: "end", 4: "queue"}


def terminal_records(stream):
    """The records about the terminal that controls its process."""
    opened = [r for r in stream.demand if (r.subsystem, r.type) == (FILES, 2) and r.body[24:28] == b"pty\0"]
    numbers = {r.get(0, "I") for r in opened}
    data = [r for r in stream.demand if (r.subsystem, r.type) == (FILES, 4) and r.get(0, "I") in numbers]
    it = next(r.get(0, "I") for r in data if r.get(8, "I") == 1 and r.get(128, "i"))
    found = {"open": next(r for r in opened if r.get(0, "I") == it)}
    found.update((TERMINAL_DATA[r.get(8, "I")], r) for r in data if r.get(0, "I") == it)
    found.setdefault("queue", next(r for r in data if r.get(8, "I") == 4))
    return found


def wrong_terminal(tier):
    program = Program(tier, "held", argument="=pty")
    for guest in tier.guests:
        prepare(guest, program, "pty")
    recording = Recording(tier, lambda _: program, ready="still")
    for record, what, offset, layout, *values in WRONG_TERMINAL:
        stream = recording.get()
        terminal_records(stream)[record].put(offset, layout, *values)
        word, answer = attempt(tier, recording, stream.bytes(DEMAND), stream.bytes(BULK), run_it=False)
        require(word != "READY", f"{record}: {what}: the target took it")
        require(answer.get("state") == "ABORTED" and answer["message"],
                f"{record}: {what}: the target is {answer.get('state')}: {word}")
    tier.programs.append(program)
    program.stop(tier.a)
    nothing_left(*tier.guests)


# (record, what, offset, layout, value, what it says): of a UDP socket that is bound to a
# device, or of a TCP connection that waits to be accepted
WRONG_DEVICE = (
    ("open", "no NUL", -16, "16s", b"x" * 16, "the device of a socket"),
    ("open", "empty", -16, "16s", b"", "the device of a socket"),
    ("open", "a path", -16, "16s", b"../lo", "the device of a socket"),
    ("open", "there is none", -16, "16s", b"nowhere0", "the network device nowhere0"),
    ("open", "it is not there", 140, "I", 0x07, "a UDP socket"),
    ("open", "an index as the scope of the address", 168, "I", 1, "a UDP socket"),
    ("open", "an index as the scope of the other address", 196, "I", 1, "a UDP socket"),
    ("open", "an unknown flag", 140, "I", 0x80, "a UDP socket"),
    ("waiting", "no NUL", -16, "16s", b"x" * 16, "a connection that waits"),
    ("waiting", "an index as the scope of the address", 48, "I", 1, "a connection that waits"),
    ("waiting", "without a part of it", None, None, None, "a connection that waits"),
)


def device_records(stream):
    opened = (r for r in stream.demand if (r.subsystem, r.type) == (FILES, 2) and
              r.body[24:28] == b"udp\0" and r.get(136, "I") == AF_INET6)
    waiting = (r for r in stream.demand if (r.subsystem, r.type) == (FILES, 4) and
               len(r.body) == 96 and r.get(8, "I") == 5 and r.get(24, "H") == AF_INET6)
    return {"open": next(opened), "waiting": next(waiting)}


def wrong_device(tier):
    program = Program(tier, "held", argument="=device")
    for guest in tier.guests:
        prepare(guest, program, "device")
    recording = Recording(tier, lambda _: program, ready="still")
    for which, what, offset, layout, value, words in WRONG_DEVICE:
        stream = recording.get()
        record = device_records(stream)[which]
        require(record.body[-16:].rstrip(b"\0") == DEVICE.encode(), f"the record ends with {record.body[-16:]}")
        if offset is None:
            del record.body[-1]
        else:
            record.put(offset % len(record.body), layout, value)
        word, answer = attempt(tier, recording, stream.bytes(DEMAND), stream.bytes(BULK), run_it=False)
        require(word != "READY", f"{which}: {what}: the target took it")
        require(answer.get("state") == "ABORTED" and words in answer["message"],
                f"{which}: {what}: the target is {answer.get('state')}: {word}, {answer.get('message')}")
    tier.programs.append(program)
    program.stop(tier.a)
    nothing_left(*tier.guests)


def declared(tier):
    said = statemap.render(tier.a)
    for word in ("eventfd", "regular file", "pipe"):
        require(f"| {word} | carried" in said, f"{word} is not among the kinds: {said}")
    if tier.options.write_state_map:
        statemap.PATH.write_text(said)
    require(statemap.PATH.read_text() == said,
            f"{statemap.PATH} is not what the modules declare; `make state-map` writes it")


def others_stay(tier):
    """Made by somebody outside, who has ended or not, and open nowhere."""
    tier.a.run("echo ended > /dev/shm/of-nobody")
    maker = tier.a.start(["sh", "-c", "echo lives > /dev/shm/of-another; exec sleep infinity"])
    program = Program(tier, "held", argument="tmpfs").start(tier.a)
    program.await_lines(2)
    migrate(tier, program.pid, tier.a, tier.b)
    there = tier.b.run("ls /dev/shm").split()
    program.stop_and_compare(tier.b)
    here = tier.a.run("cd /dev/shm; cat *; rm *")
    tier.a.run(f"kill -9 {maker}")
    require(all(f"-{program.pid}" in name for name in there), f"on the target there are {there}")
    require(here == "lives\nended", f"on the source there is left: {here}")
    nothing_left(*tier.guests)


def missing_on_target(tier):
    program = Program(tier, "held", argument="eventfd").start(tier.a)
    program.await_lines(2)
    tier.b.run("rmmod procmig_eventfd")
    try:
        migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    finally:
        tier.b.insert_modules()
    require("is a eventfd: no loaded module carries it here" in migration.target.why(),
            migration.target.why())
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)
