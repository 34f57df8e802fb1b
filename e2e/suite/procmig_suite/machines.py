# SPDX-License-Identifier: Apache-2.0
"""Two guests of the lab with modules, node agents and the programs: made, checked, reset."""
import hashlib
import json
import shutil
import sys
import tarfile
import threading
import time
from pathlib import Path

from . import commands
from .errors import Interrupted, SuiteError
from .guest import AGENT_ROOT, HOME, PLACE, PROGRAMS, SHARED, WORK, Guest

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "e2e" / "lab" / "lab"
IMAGE = ROOT / "build" / "images" / "agent.tar"

sys.path.insert(0, str(ROOT / "e2e" / "lab"))
from procmig_lab import kernellog          # noqa: E402  pylint: disable=wrong-import-position

_UP_SECONDS = 2700
_BUILD_SECONDS = 1500
_RESET_SECONDS = 300
_LEAVE_SECONDS = 15
_HUGE_PAGES = 16
#: what the two guests count their processes from, so that a number is free in both
_PIDS = (1_000_000, 2_000_000)


def say(text):
    print(f"# {text}", flush=True)


class Machines:
    def __init__(self, folder, logs, ending):
        self.folder = folder
        self.logs = logs
        self.ending = ending
        self.guests = ()
        self.resets = 0
        self._shared = self._files = self._entry = self._release = None
        self._consoles = {}

    # ---- up ----

    def prepare(self, build=True, again=True):
        """@again: what an earlier run left may be in the way, and be gone after a reset."""
        started = time.monotonic()
        say("the guests come up")
        try:
            self._lab("up", timeout=_UP_SECONDS)
        except SuiteError as failure:
            # An earlier run may have left a guest that does not answer.
            say(f"once more, from nothing: {str(failure).splitlines()[1:2]}")
            self._lab("down")
            self._lab("up", timeout=_UP_SECONDS)
        nodes = json.loads(self._lab("info"))["nodes"]
        self._shared = Path(nodes[0]["shared"]) / PLACE
        self._files = Path(nodes[0]["files"]) / PLACE
        self._consoles = {node["name"]: Path(node["consoleLog"]) for node in nodes}
        self.guests = tuple(Guest(node, pids, self.logs, self.ending) for node, pids in zip(nodes, _PIDS))
        self._release = self.guests[0].run("uname -r")
        if build:
            say(f"modules for {self._release}, stub and the agent's image are built")
            self._build()
        self._lay_out()
        try:
            self._each(self._install)
            self._each(self._start)
        except SuiteError as failure:
            if not again:
                raise
            # What cannot be killed, or modules that cannot be removed.
            say(f"once more, after a reset: {failure}")
            self.reset()
        say(f"ready after {time.monotonic() - started:.0f} s")

    def _command(self, argv, timeout, what):
        return commands.output([str(word) for word in argv], ROOT, timeout, what, self.ending)

    def _lab(self, *arguments, timeout=_RESET_SECONDS):
        return self._command([LAB, "--quiet", "--flavour", "guests", *arguments], timeout, "the lab")

    def _build(self):
        make = ["make", "-s", "-C"]
        self._command([*make, "kmod", f"RELEASE={self._release}", "modules"], _BUILD_SECONDS, "building")
        self._command([*make, "node-agent/stub"], _BUILD_SECONDS, "building")
        self._command([ROOT / "containers" / "build", "agent", IMAGE], _BUILD_SECONDS, "building")

    def _lay_out(self):
        """What the guests need, where both can reach it."""
        for path in (self._shared, self._files):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
            path.chmod(0o777)
        for name in ("agent", "tls"):
            (self._shared / name).mkdir()
        self._unpack_image()
        self._command(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-days", "30", "-subj", "/CN=procmig-suite", "-addext", "subjectAltName=DNS:procmig-agent",
                  "-keyout", self._shared / "tls/tls.key", "-out", self._shared / "tls/tls.crt"],
                 60, "making a certificate")
        shutil.copyfile(self._shared / "tls/tls.crt", self._shared / "tls/ca.crt")
        # The same file on both guests' own disks, to the modification time.
        with tarfile.open(self._shared / "programs.tar", "w") as archive:
            archive.add(self.folder, arcname=".", filter=_as_root)
        _mark(self._shared / "programs.tar", self._shared / "programs.mark")

    def _unpack_image(self):
        with tarfile.open(IMAGE) as image:
            def blob(digest):
                return image.extractfile("blobs/" + digest.replace(":", "/")).read()
            index = json.loads(image.extractfile("index.json").read())
            manifest = json.loads(blob(index["manifests"][0]["digest"]))
            self._entry = json.loads(blob(manifest["config"]["digest"]))["config"]["Entrypoint"]
            for number, layer in enumerate(manifest["layers"]):
                (self._shared / "agent" / f"{number}.tar").write_bytes(blob(layer["digest"]))
        _mark(IMAGE, self._shared / "agent.mark")

    def _install(self, guest):
        """Onto the guest's disk, unless it is there; the machine may be reset afterwards."""
        at = f"{SHARED}/{PLACE}"
        # Of a run that was interrupted.
        guest.do("clear", folders=[HOME, WORK])
        for what, archives, root in (("agent", f"{at}/agent/*.tar", AGENT_ROOT),
                                     ("programs", f"{at}/programs.tar", PROGRAMS)):
            guest.run(f"cmp -s {at}/{what}.mark {HOME}/{what}.mark || {{ rm -rf {root}; mkdir -p {root}; "
                      f"for archive in {archives}; do tar -C {root} -xpf $archive || exit 1; done; "
                      f"cp {at}/{what}.mark {HOME}/; }}", timeout=_RESET_SECONDS)
        guest.run(f"rm -rf /var/lib/procmig {AGENT_ROOT}/etc/procmig && mkdir {AGENT_ROOT}/etc/procmig && "
                  f"cp -r {at}/tls {AGENT_ROOT}/etc/procmig/ && sync", timeout=_RESET_SECONDS)

    def _start(self, guest):
        # Another tier, or an earlier run, has modules of another build.
        guest.run("pkill -x procmig-stub; modules() { grep -o '^procmig[a-z0-9_]*' /proc/modules; }; "
                  # What held them may just be ending.
                  "for try in $(seq 20); do rmmod $(modules) 2>/dev/null; modules >/dev/null || exit 0; "
                  "sleep 0.3; done; rmmod $(modules)")
        # For programs that map them; without any they could not even start.
        guest.run(f"echo {_HUGE_PAGES} > /proc/sys/vm/nr_hugepages")
        guest.do("pids_from", number=guest.pids_from)
        guest.do("kernel_log")
        guest.start_agent(self._entry)
        guest.await_agent()

    def _each(self, work):
        """In both guests at once: each has a processor of its own."""
        failures = []

        def guarded(guest):
            try:
                work(guest)
            except Interrupted:
                pass        # who waits for this thread raises it too
            except Exception as failure:    # pylint: disable=broad-except
                failures.append(f"{type(failure).__name__}: {failure}")
        threads = [threading.Thread(target=guarded, args=(guest,), daemon=True) for guest in self.guests]
        for thread in threads:
            thread.start()
        self.ending.join(threads)
        if failures:
            raise SuiteError("; ".join(map(str, failures)))

    # ---- between programs ----

    def work_directory(self, name):
        """A new directory that is one and the same in both guests: (here, there)."""
        base = name.replace("/", "-")
        here = self._files / base
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        here.chmod(0o777)
        return here, f"{WORK}/{base}"

    def kernel_troubles(self):
        """What must never be in a kernel log, since it was last asked for."""
        found = []
        for guest in self.guests:
            lines = guest.do("kernel_log")
            found += [f"{guest}: {line}" for _, line in kernellog.troubles("\n".join(lines))]
        return found

    def console_troubles(self, since):
        """The same, of guests that may not answer any more."""
        found = []
        for name, console in self._consoles.items():
            with open(console, errors="replace", encoding="utf-8") as text:
                text.seek(since[name])
                found += [f"{name}: {line}" for _, line in kernellog.troubles(text.read())]
        return found

    def console_sizes(self):
        return {name: console.stat().st_size for name, console in self._consoles.items()}

    def reset(self):
        """Both: they may have been in the middle of something with each other."""
        self.resets += 1
        try:
            self._restart()
        except SuiteError as failure:
            say(f"that did not help, the lab is made anew: {failure}")
            self._forget()
            self._lab("down")
            self.prepare(build=False, again=False)

    def _restart(self):
        self._forget()
        self._each(lambda guest: self._lab("power", guest.name, "reset"))
        self._each(self._install)
        self._each(self._start)

    def _forget(self):
        for guest in self.guests:
            guest.forget()

    def close(self):
        """What runs in the guests ends, within seconds and also where a guest does not answer."""
        threads = [threading.Thread(target=guest.leave, daemon=True) for guest in self.guests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LEAVE_SECONDS)


def _mark(archive, path):
    """Names the content of an archive."""
    path.write_text(hashlib.sha256(archive.read_bytes()).hexdigest() + "\n")


def _as_root(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
