# SPDX-License-Identifier: GPL-2.0-only
"""Guests, artefacts and what must hold between two cases."""
import concurrent.futures
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .guest import HOME, MODULES, Guest
from .report import Failed, require

ROOT = Path(__file__).resolve().parents[4]
LAB = ROOT / "e2e" / "lab" / "lab"


def say(text):
    print(f"# {text}", flush=True)


class Tier:
    def __init__(self, report, options):
        self.report = report
        self.options = options
        self.a = self.b = None
        self.shared = None
        self.boot_ids = {}
        self.programs = []      # that the current case has started
        report.after_case = self._after_case

    @property
    def guests(self):
        return (self.a, self.b)

    def each(self, work):
        """In both guests at once: each has a processor of its own."""
        with concurrent.futures.ThreadPoolExecutor(len(self.guests)) as threads:
            list(threads.map(work, self.guests))

    def other(self, guest):
        return self.b if guest is self.a else self.a

    # ---- the lab ----

    def lab(self, *arguments, check=True, timeout=900):
        done = subprocess.run([str(LAB), "--quiet", "--flavour", "guests", *arguments], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False)
        if check and done.returncode:
            raise Failed(f"lab {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def prepare(self):
        start = time.monotonic()
        say("the guests come up")
        self.lab("up")
        nodes = json.loads(self.lab("info").stdout)["nodes"]
        self.shared = Path(nodes[0]["shared"]) / "guest-tier"
        self.a, self.b = Guest(nodes[0], 5000), Guest(nodes[1], 20000)
        release = self.a.run("uname -r")
        if not self.options.no_build:
            say(f"modules for {release}, stub, drive and programs are built")
            self._build(release)
        self._collect(release)
        say("modules are inserted")
        self.each(self._install)
        say(f"ready after {time.monotonic() - start:.0f} s")

    def _build(self, release):
        for directory, goals in (("kmod", ["modules", f"RELEASE={release}"]), ("kmod/tests", []),
                                 ("node-agent/stub", []), ("e2e/programs", [])):
            done = subprocess.run(["make", "-C", str(ROOT / directory), *goals],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  stdin=subprocess.DEVNULL, check=False)
            if done.returncode:
                sys.exit(f"{done.stdout}\nmake -C {directory} {' '.join(goals)} failed")

    def _collect(self, release):
        """What the guests need, where both can reach it."""
        modules = Path(self.options.modules or ROOT / "kmod" / "build" / release)
        files = [*(modules / f"{name}.ko" for name in MODULES),
                 ROOT / "kmod/tests/build/procmig-drive", ROOT / "kmod/tests/build/ioctl",
                 ROOT / "node-agent/stub/build/procmig-stub",
                 *(ROOT / "e2e/programs/build").iterdir()]
        missing = [str(file) for file in files if not file.exists()]
        if missing:
            sys.exit(f"not built: {', '.join(missing)}; run without --no-build")
        shutil.rmtree(self.shared, ignore_errors=True)
        (self.shared / "bin").mkdir(parents=True)
        (self.shared / "out").mkdir()
        for path in (self.shared, self.shared / "out"):
            os.chmod(path, 0o777)
        for file in files:
            shutil.copy2(file, self.shared / "bin" / file.name)

    def _install(self, guest):
        """The same files with the same times on both guests' own disks."""
        loaded = guest.run("grep -o '^procmig[a-z_]*' /proc/modules; true").split()
        if loaded:
            try:
                guest.remove_modules()
            except Failed as failed:
                say(f"{guest}: {failed}; it is reset")
                self._reset(guest)
        guest.run(f"rm -rf {HOME} && cp -a /srv/shared/guest-tier/bin {HOME} && "
                  f"chown -R root:root {HOME} && sync")
        guest.insert_modules()
        self.boot_ids[guest.name] = guest.run("cat /proc/sys/kernel/random/boot_id")

    def _reset(self, guest):
        guest.forget()
        self.lab("power", guest.name, "reset")
        self.lab("wait", guest.name)

    def reinstall(self, guest):
        """After the machine has been away."""
        self._install(guest)

    def reset(self, guest):
        self._reset(guest)
        self._install(guest)

    # ---- between cases ----

    def token(self):
        return secrets.token_hex(16)

    def out(self, name):
        """A path that means the same file in both guests, and here."""
        path = self.shared / "out" / f"{name}-{secrets.token_hex(4)}"
        return f"/srv/shared/guest-tier/out/{path.name}", path

    def _after_case(self, error):
        programs, self.programs = self.programs, []
        if error is None:
            return
        # A failed case may leave anything; the next one must not suffer.
        self.lab("link", self.a.name, "heal-peer", check=False)
        for guest in self.guests:
            try:
                self._tidy(guest, programs)
            except (Failed, subprocess.TimeoutExpired, ValueError, KeyError) as problem:
                say(f"{guest} is reset: {problem}")
                self.reset(guest)

    def _tidy(self, guest, programs):
        for program in programs:
            if program.pid:
                guest.kill(program.pid, "CONT")
                guest.kill(program.pid)
        guest.run("pkill -x procmig-drive; pkill -x procmig-stub; pkill -x ioctl; pkill -x victim; rm -f /dev/shm/*")
        guest.insert_modules()
        deadline = time.monotonic() + 30
        while guest.requests():
            require(time.monotonic() < deadline, f"{guest.requests()} requests are left")
            for program in programs:
                for token in program.tokens:
                    self._undo(guest, token)
            time.sleep(0.2)

    def _undo(self, guest, token):
        for order in (["--order", "abort"], ["--order", "abort", "--never-ran"], ["--order", "finish"]):
            guest.drive("attach", "--token", token, *order, check=False)

    def clean_up(self):
        if self.a is None:
            return
        for guest in self.guests:
            with contextlib.suppress(Failed):   # whatever it is, the cases have said it
                guest.status("pkill -x procmig-drive")
