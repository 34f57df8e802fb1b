# SPDX-License-Identifier: Apache-2.0
"""Migrations between the two bare guests of the lab, and how long their parts take."""
import itertools
import json
import pathlib
import secrets
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = [str(ROOT / "e2e" / "lab" / "lab"), "--flavour", "guests", "-q"]
SOURCE, TARGET = "guest-a", "guest-b"
_PORTS = itertools.cycle(range(7000, 7900))


def lab(*words, timeout=120):
    return subprocess.run([*LAB, *words], check=True, text=True, timeout=timeout,
                          stdout=subprocess.PIPE).stdout


def start(node, command):
    return subprocess.Popen([*LAB, "ssh", node, command], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def report(process, what, timeout=120):
    """The JSON line that procmig-drive ends with."""
    out, errors = process.communicate(timeout=timeout)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if process.returncode or not lines or not json.loads(lines[-1])["ok"]:
        sys.exit(f"bench: {what} failed: {out}{errors}")
    return json.loads(lines[-1])


def listening(process, what):
    """Wait until the drive on the target says that it listens."""
    said = []
    for line in process.stderr:
        if "listening" in line:
            return
        said.append(line)
    sys.exit(f"bench: {what} does not listen: {''.join(said)}")


def _build(release):
    for words in (["-C", "kmod", f"RELEASE={release}", "modules"], ["-C", "kmod/tests"],
                  ["-C", "node-agent/stub"], ["-C", "e2e/programs"]):
        subprocess.run(["make", "-s", *words], cwd=ROOT, check=True, stdout=sys.stderr)


def prepare(program):
    """Both guests up, with modules, drive, stub and the program; the target's address."""
    release = lab("kernel-release").strip()
    print("bench: building and bringing up two guests", file=sys.stderr, flush=True)
    _build(release)
    lab("up", timeout=900)
    nodes = json.loads(lab("info"))["nodes"]
    shared = pathlib.Path(nodes[0]["shared"]) / "bench"
    shared.mkdir(parents=True, exist_ok=True)
    for path in [*(ROOT / "kmod" / "build" / release).glob("*.ko"),
                 ROOT / "kmod/tests/build/procmig-drive", ROOT / "node-agent/stub/build/procmig-stub",
                 ROOT / "e2e/programs/build" / program]:
        (shared / path.name).write_bytes(path.read_bytes())
        (shared / path.name).chmod(0o755)
    for node in (SOURCE, TARGET):
        # core and files first: the others need them
        lab("ssh", node, f"cd /srv/shared/bench; pkill -KILL -x {program}; "
            f"cp -p --remove-destination {program} procmig-drive procmig-stub /root/; "
            f"touch -d @1000000000 /root/{program}; "
            "for m in procmig procmig_files *.ko; do m=${m%.ko}; "
            "[ -d /sys/module/$m ] || insmod $m.ko || exit 1; done")
    # two guests that booted alike have used the same PIDs
    lab("ssh", SOURCE, "echo 20000 > /proc/sys/kernel/ns_last_pid")
    return nodes[1]["ip"]


def raw(address, size):
    """Bytes per second of the plain connection."""
    receiver = start(TARGET, "/root/procmig-drive raw-receive --listen 7999")
    listening(receiver, "raw-receive")
    sent = report(start(SOURCE, f"/root/procmig-drive raw-send --connect {address}:7999 --bytes {size}"),
                  "raw-send")
    receiver.communicate(timeout=60)
    return sent["bytes_per_second"]


class Running:
    """A program of e2e/programs that has written its first line on the source."""

    def __init__(self, program, argument):
        self.out = f"/srv/shared/bench/{secrets.token_hex(4)}.out"
        self.pid = lab("ssh", SOURCE, f"setsid /root/{program} {self.out} 0 {argument} "
                       "</dev/null >/dev/null 2>&1 & echo $!").strip()
        lab("ssh", SOURCE, f"until [ -s {self.out} ]; do read -rt 0.2 <> <(:) || :; done")

    def begin(self, address, bulk=1):
        """Start both sides of its migration, with that many bulk channels."""
        token, port = secrets.token_hex(16), next(_PORTS)
        target = start(TARGET, f"/root/procmig-drive target --pid {self.pid} --token {token} "
                       f"--listen {port} --stub /root/procmig-stub")
        listening(target, "the target")
        source = start(SOURCE, f"/root/procmig-drive source --pid {self.pid} --token {token} "
                       f"--connect {address}:{port} --bulk {bulk}")
        return source, target

    def migrate(self, address, bulk=1):
        """What source and target say in the end."""
        source, target = self.begin(address, bulk)
        return report(source, "the migration"), report(target, "the restart")

    def stop(self):
        """On the target, with its own verdict."""
        lab("ssh", TARGET, f"kill -TERM {self.pid}; tail --pid={self.pid} -f /dev/null; "
            f"tail -n 1 {self.out} | grep -qx PASS; rm {self.out}")


def line(name, values, unit):
    print(f"{name:34} median {statistics.median(values):8.2f} {unit}   "
          f"({min(values):.2f} .. {max(values):.2f})")
