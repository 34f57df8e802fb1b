# SPDX-License-Identifier: GPL-2.0-only
"""What cannot be carried is named by preflight, and refused by a checkpoint."""
import subprocess
import time

from ..migration import Migration, foretold, nothing_left
from ..program import Program
from ..report import Failed, Skipped, require
from ..setup import ROOT
from .kinds import DEVICE, prepare


def kinds():
    """The program itself knows them; it runs on this machine just as well."""
    program = ROOT / "e2e/programs/build/refused"
    return subprocess.run([str(program), "-", "0", "list"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()


def run(tier):
    check = tier.report.check
    for kind in kinds():
        check(f"refusals: {kind}", refused, tier, kind)
    check("refusals: a file that differs on the target", file_differs, tier)
    check("refusals: a file that is missing on the target", file_missing, tier)
    check("refusals: a PID that is taken on the target", pid_taken, tier)
    check("refusals: a thread's TID that is taken on the target", tid_taken, tier)
    check("refusals: a child's PID that is taken on the target", child_taken, tier)
    check("refusals: a terminal's number that is taken on the target", terminal_taken, tier)
    check("refusals: a name in memory that is taken on the target", name_taken, tier)
    check("refusals: a temporary file's name that is taken on the target", temporary_taken, tier)
    check("refusals: a temporary file's directory that is another's on the target", temporary_of_another, tier)
    check("refusals: a temporary file's directory that leads elsewhere on the target", temporary_elsewhere, tier)
    check("refusals: a directory that is not in memory on the target", not_in_memory, tier)
    check("refusals: a message queue's name that is taken on the target", queue_taken, tier)
    check("refusals: ports that are taken on the target", ports_taken, tier)
    check("refusals: an address that the target does not have", address_missing, tier)
    check("refusals: a device that the target does not have", device_missing, tier)
    check("refusals: a device that is gone", device_gone, tier)
    check("refusals: a file of the kernel that the target does not have", pseudo_missing, tier)
    check("refusals: the directory of a deleted file that the target does not have", directory_missing, tier)
    check("refusals: what a target has that is like the source", nothing_taken, tier)
    check("refusals: the strategy's name", strategy, tier)


def names(expectation, obstacles):
    """Whether one obstacle says what the program expects it to say."""
    what, _, value = expectation.partition(" ")
    for obstacle in obstacles:
        if what == "fd" and obstacle["subsystem"] == "files" and obstacle["object"] == int(value):
            return f"fd {value}" in obstacle["text"]
        if what == "address" and obstacle["object"] == int(value, 16):
            return True
        if what not in ("fd", "address") and expectation.lower() in obstacle["text"].lower():
            return True
    return False


def refused(tier, kind):
    program = Program(tier, "refused", argument=kind).start(tier.a)
    program.await_lines(2)
    said = [line for line in program.text().splitlines() if line.startswith(("expect ", "skip "))]
    require(len(said) == 1, f"the program said {said}")
    word, _, expectation = said[0].partition(" ")
    if word == "skip":
        program.stop(tier.a)
        raise Skipped(f"this kernel makes none: {expectation}")
    obstacles, summary = tier.a.inspect(program.pid)
    texts = "; ".join(f"{o['subsystem']} {o['object']}: {o['text']}" for o in obstacles)
    require(summary.get("obstacles"), f"preflight names no obstacle, expected: {expectation}")
    require(names(expectation, obstacles), f"expected '{expectation}' to be named, got: {texts}")

    # a coordinator that does not ask is refused as well, and nothing happens
    migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    require(migration.source.status != 0, "the checkpoint was not refused")
    require(migration.settle() is tier.a, "the source did not keep it")
    program.runs_only_on(tier.a)
    program.stop(tier.a)
    tier.a.run("rm -f /dev/shm/refused-* /tmp/refused-*")
    nothing_left(*tier.guests)


def target_refuses(tier, program, expected, before_look=lambda: None):
    migration = Migration(tier, program.pid, tier.a, tier.b).finish()
    require(migration.source.status == 1 and migration.target.status == 1,
            f"{migration.source.why()}; {migration.target.why()}")
    require(expected in migration.target.why(),
            f"expected '{expected}' in: {migration.target.why()}")
    require(expected in migration.source.why(),
            f"the source was not told '{expected}': {migration.source.why()}")
    require(migration.settle() is tier.a, "the source did not keep it")
    before_look()
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
    nothing_left(*tier.guests)


def local_file(tier, change):
    """dupfd keeps a file of its own beside its output; put that on the guests' own disks."""
    for guest in tier.guests:
        guest.run("rm -rf /var/tmp/differs && mkdir /var/tmp/differs")
    program = Program(tier, "counter")
    path = "/var/tmp/differs/program"
    tier.a.run(f"cp -p /opt/procmig/counter {path}")
    if change:
        tier.b.run(f"cp -p /opt/procmig/counter {path} && {change} {path}")
    program.home = tier.a
    program.pid = tier.a.start([path, program.out, "0"])
    program.await_lines(2)
    return program


def file_differs(tier):
    target_refuses(tier, local_file(tier, "touch -d 2001-01-01"), "/var/tmp/differs/program")
    target_refuses(tier, local_file(tier, "truncate -s +1"), "/var/tmp/differs/program")


def file_missing(tier):
    target_refuses(tier, local_file(tier, None), "/var/tmp/differs/program")


def in_memory(tier):
    program = Program(tier, "held", argument="tmpfs").start(tier.a)
    program.await_lines(2)
    return program


def name_taken(tier):
    program = in_memory(tier)
    path = f"/dev/shm/held-mapped-{program.pid}"
    tier.b.run(f"echo mine > {path}")

    def untouched():
        require(tier.b.run(f"cat {path}; ls /dev/shm") == f"mine\n{path.rpartition('/')[2]}",
                "the target's own file was touched, or others were left")
        tier.b.run(f"rm {path}")

    foretold(tier, program, f"{path}: there is a file of that name")
    target_refuses(tier, program, "there is a file of that name", untouched)


def temporary_taken(tier):
    program = held(tier, "temporary")
    path = f"/tmp/held-{program.pid}/mapped"
    tier.b.run(f"mkdir /tmp/held-{program.pid} && echo mine >{path}")

    def untouched():
        require(tier.b.run(f"cat {path}; find /tmp -path '/tmp/held-*' -type f") == f"mine\n{path}",
                "the target's own file was touched, or others were left")

    foretold(tier, program, f"{path}: there is a file of that name")
    target_refuses(tier, program, "there is a file of that name", untouched)
    tier.b.run(f"rm -r /tmp/held-{program.pid}")


def temporary_of_another(tier):
    program = held(tier, "temporary")
    directory = f"/tmp/held-{program.pid}"
    tier.b.run(f"install -d -o 4711 -m 777 {directory}")
    foretold(tier, program, f"{directory}/mapped: its directory belongs to user 4711 here and to user 0")
    target_refuses(tier, program, "its directory belongs to another user than on the source",
                   lambda: require(not tier.b.run(f"ls {directory}"), "files were left in another's directory"))
    tier.b.run(f"rmdir {directory}")


def temporary_elsewhere(tier):
    """Whoever can make names in /tmp does not choose where files of others are made."""
    program = held(tier, "temporary")
    directory = f"/tmp/held-{program.pid}"
    tier.b.run(f"mkdir /var/tmp/elsewhere && ln -s /var/tmp/elsewhere {directory}")
    foretold(tier, program, f"{directory}/mapped: there is no such directory here, nor one to make it in")
    target_refuses(tier, program, "temporary file",
                   lambda: require(not tier.b.run("ls /var/tmp/elsewhere"), "files were made elsewhere"))
    tier.b.run(f"rm {directory}; rmdir /var/tmp/elsewhere")


def held(tier, kind):
    program = Program(tier, "held", argument=kind).start(tier.a)
    program.await_lines(2)
    return program


def queue_taken(tier):
    program = held(tier, "mqueue")
    name = tier.a.run("ls /dev/mqueue").split()[0]
    tier.b.run(f"touch /dev/mqueue/{name}")
    foretold(tier, program, f"message queue /{name}: there is one of that name here")
    target_refuses(tier, program, "there is one of that name",
                   lambda: tier.b.run(f"rm /dev/mqueue/{name}"))


LISTENER = """
import socket, sys, time
kept = []
for kind, address in zip(sys.argv[1::2], sys.argv[2::2]):
    host, _, port = address.rpartition(":")
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    one.bind((host, int(port)))
    if kind == "tcp":
        one.listen()
    kept.append(one)
time.sleep(1000)
"""


def listening(tier, guest, *what):
    """A process that has those sockets: "tcp", "127.0.0.1:4711" ..."""
    pid = guest.start(["python3", "-c", LISTENER, *what])
    deadline = time.monotonic() + 30
    ports = [f":{int(address.rpartition(':')[2]):04X} " for address in what[1::2]]
    while not all(port in guest.run("cat /proc/net/tcp /proc/net/udp") for port in ports):
        require(time.monotonic() < deadline, f"{guest}: {what} is not there")
        time.sleep(0.1)
    return pid


class Watched:
    """A process on the source that is only looked at."""

    def __init__(self, pid):
        self.pid = pid


def ports_taken(tier):
    ours = "tcp", "0.0.0.0:4711", "udp", "127.0.0.1:4712", "tcp", "127.0.0.1:4713"
    source, squatter = Watched(listening(tier, tier.a, *ours)), listening(tier, tier.b, *ours[:4])
    try:
        obstacles = foretold(tier, source, "TCP socket 0.0.0.0:4711: another socket here has that port",
                             "UDP socket 127.0.0.1:4712: another socket here has that port")
        require(len(obstacles) == 2 and all(o["code"] == "taken" for o in obstacles), str(obstacles))
        tier.b.end(squatter)
        foretold(tier, source)
    finally:
        tier.a.end(source.pid)
        tier.b.end(squatter)


def address_missing(tier):
    tier.a.run("ip address add 192.0.2.1/32 dev lo")
    source = None
    try:
        source = Watched(listening(tier, tier.a, "tcp", "192.0.2.1:4711"))
        foretold(tier, source, "TCP socket 192.0.2.1:4711: this node does not have that address")
        # a socket keeps an address that its own node has lost
        tier.a.run("ip address del 192.0.2.1/32 dev lo")
        foretold(tier, source)
    finally:
        if source:
            tier.a.end(source.pid)
        tier.a.run("ip address del 192.0.2.1/32 dev lo 2>/dev/null || true")


def device_missing(tier):
    program = Program(tier, "held", argument="device")
    prepare(tier.a, program, "device")
    tier.b.run(f"ip link del {DEVICE} 2>/dev/null || true")
    program.start(tier.a)
    program.await_lines(2)
    none = f"this node has no network device {DEVICE}: "
    obstacles = foretold(tier, program, none)
    texts = [o["text"] for o in obstacles]
    for which in "UDP socket 198.51.100.77:", "TCP socket 198.51.100.77:", "TCP socket [::]:0: ":
        require(any(text.startswith(which) for text in texts), f"no word about {which} in {texts}")
    require(all(none in text for text in texts), str(texts))
    target_refuses(tier, program, f"bound to the network device {DEVICE}")


DEVICE_USER = f"""
import socket, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"{DEVICE}")
one.bind(("127.0.0.1", 4714))
time.sleep(1000)
"""


def device_gone(tier):
    prepare(tier.a, Program(tier, "held", argument="device"), "device")
    source = Watched(tier.a.start(["python3", "-c", DEVICE_USER]))
    try:
        tier.a.run("timeout 30 sh -c 'until grep -q :126A /proc/net/udp; do sleep 0.1; done'")
        tier.a.run(f"ip link del {DEVICE}")
        obstacles, _ = tier.a.inspect(source.pid)
        require(any("UDP socket 127.0.0.1:4714 bound to a device that is gone" in o["text"] for o in obstacles),
                str(obstacles))
    finally:
        tier.a.end(source.pid)


def pseudo_missing(tier):
    group = "/sys/fs/cgroup/procmig-nowhere"
    tier.a.run(f"mkdir {group}")
    source = Watched(tier.a.start(["sh", "-c", f"exec sleep 1000 <{group}/cgroup.events"]))
    try:
        tier.a.run(f"timeout 30 sh -c 'until readlink /proc/{source.pid}/fd/0 | grep -q events; do sleep 0.1; done'")
        foretold(tier, source, f"{group}/cgroup.events: it is open, and the kernel here has none")
    finally:
        tier.a.end(source.pid)
        tier.a.run(f"rmdir {group}")


def directory_missing(tier):
    directory = "/var/tmp/only-here"
    tier.a.run(f"mkdir -p {directory}")
    source = Watched(tier.a.start(["sh", "-c", f"exec 3<>{directory}/gone; rm {directory}/gone; exec sleep 1000"]))
    try:
        tier.a.run(f"timeout 30 sh -c 'until readlink /proc/{source.pid}/fd/3 | grep -q deleted; do sleep 0.1; done'")
        foretold(tier, source, f"{directory}: there is no such directory here, and a deleted file was in it")
        tier.b.run(f"mkdir -p {directory} && mount -t tmpfs -o ro none {directory}")
        foretold(tier, source, f"{directory}: it is mounted read-only here")
        tier.b.run(f"mount -o remount,rw {directory}")
        foretold(tier, source)
    finally:
        tier.a.end(source.pid)
        tier.a.run(f"rmdir {directory}")
        tier.b.run(f"umount {directory}; rmdir {directory}; true")


def nothing_taken(tier):
    kinds = "temporary", "tmpfs", "mqueue", "procfs", "tcp-bound", "udp", "device", "freebind"
    for name, kind in *(("held", kind) for kind in kinds), ("sysv", 0):
        program = Program(tier, name, argument=kind)
        for guest in tier.guests:
            prepare(guest, program, kind)
        program.start(tier.a)
        program.await_lines(2)
        foretold(tier, program)
        program.stop_and_compare(tier.a)


def not_in_memory(tier):
    program = in_memory(tier)
    tier.b.run("mkdir -p /var/tmp/disk && mount --bind /var/tmp/disk /dev/shm")
    try:
        target_refuses(tier, program, "there is no tmpfs as on the source")
        require(not tier.b.run("ls -A /dev/shm"), "files were left on the target")
    finally:
        tier.b.run("umount /dev/shm")


def refused_while_taken(tier, program, pid, expected):
    own = tier.b.run("cat /proc/sys/kernel/ns_last_pid")
    tier.b.run(f"echo {pid - 1} > /proc/sys/kernel/ns_last_pid; "
               "sleep 1000 </dev/null >/dev/null 2>&1 &")
    # back to the range that this guest has for itself
    tier.b.run(f"echo {own} > /proc/sys/kernel/ns_last_pid")
    try:
        require(tier.b.exists(pid), "the PID could not be taken")
        target_refuses(tier, program, expected, lambda: tier.b.kill(pid))
    finally:
        tier.b.kill(pid)


def pid_taken(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    refused_while_taken(tier, program, program.pid, "PID_TAKEN")


def tid_taken(tier):
    """Seen only when the process is frozen; the reason must reach both sides all the same."""
    program = Program(tier, "threads").start(tier.a)
    program.await_lines(2)
    tid = max(int(tid) for tid in tier.a.run(f"ls /proc/{program.pid}/task").split())
    refused_while_taken(tier, program, tid, f"thread {tid} of process {program.pid}: ")


def child_taken(tier):
    program = Program(tier, "tree").start(tier.a)
    program.await_lines(2)
    child = max(int(pid) for pid in tier.a.run(f"pgrep -P {program.pid}").split())
    refused_while_taken(tier, program, child, f"process {child}: ")


def terminal_taken(tier):
    program = Program(tier, "terminal").start(tier.a)
    program.await_lines(2)
    tty = tier.a.run(f"ps -o tty= --ppid {program.pid}").strip()
    number = int(tty.removeprefix("pts/"))
    holder = tier.b.start(["python3", "-c", "import os, time\n"
                           f"for _ in range({number + 1}): os.openpty()\n"
                           "time.sleep(1000)"])
    deadline = time.monotonic() + 30
    while not tier.b.run(f"ls /dev/pts/{number} 2>/dev/null; true"):
        require(time.monotonic() < deadline, "the number could not be taken")
        time.sleep(0.1)
    try:
        target_refuses(tier, program, f"terminal number {number} is taken here",
                       lambda: tier.b.kill(holder))
    finally:
        tier.b.kill(holder)


def strategy(tier):
    program = Program(tier, "counter").start(tier.a)
    program.await_lines(2)
    migration = Migration(tier, program.pid, tier.a, tier.b, source_options=["--mode", "99"]).finish()
    require(migration.source.answer.get("step_error_name") == "EINVAL", migration.source.why())
    # the first of those that are no strategy yet; a later version has fewer
    for mode in ("pre-copy", "post-copy", "freeze-free", "hybrid"):
        other = tier.a.drive("inspect", "--pid", program.pid, "--mode", mode, check=False)
        if other.get("step_error_name") == "EOPNOTSUPP":
            break
    else:
        raise Failed("every mode is a strategy; this case is out of date")
    program.runs_only_on(tier.a)
    program.stop_and_compare(tier.a)
