# SPDX-License-Identifier: GPL-2.0-only
"""A program that gets migrated: started, followed through its output, compared."""
import contextlib
import subprocess
import time

from .guest import HOME
from .report import Failed, require
from .setup import ROOT

# Their argument is how many milliseconds they wait in each line; what they print is the same with
# any, so that the control run need not take as long.
WAITING = ("poll", "sleeper", "thread_sleep")
INTERPRETERS = {".py": ["/usr/bin/python3"], ".pl": ["/usr/bin/perl"]}


# What they print depends on the machine.
AT_HOME = ("credentials",)


class DifferentMachine(Exception):
    """This machine cannot make the control run."""


def command(name, out, count, argument, home=HOME):
    path = f"{home}/{name}"
    prefix = next((words for suffix, words in INTERPRETERS.items() if name.endswith(suffix)), [])
    return [*prefix, path, out, str(count), *([str(argument)] if argument is not None else [])]


class Program:
    def __init__(self, tier, name, *, argument=None, user=None, directory="/"):
        self.tier = tier
        self.name = name
        self.argument = argument
        self.user = user
        self.directory = directory
        self.out, self.path = tier.out(name)
        self.pid = None
        self.tokens = []        # of the migrations it was in
        self.home = None
        tier.programs.append(self)

    def start(self, guest):
        self.home = guest
        self.pid = guest.start(command(self.name, self.out, 0, self.argument), user=self.user,
                               directory=self.directory)
        return self

    # ---- following it ----

    def text(self):
        try:
            return self.path.read_bytes().decode()
        except FileNotFoundError:
            return ""

    def lines(self):
        """How many numbered lines there are; they must be 1, 2, 3 ..."""
        last = 0
        for line in self.text().splitlines():
            word = line.split(" ", 1)[0]
            if not word.isdigit():
                continue
            require(int(word) == last + 1, f"{self.name}: line {word} follows line {last}")
            last += 1
        return last

    def verdict(self):
        lines = self.text().splitlines()
        return lines[-1] if lines and lines[-1].startswith(("PASS", "FAIL")) else None

    def await_lines(self, wanted, timeout=60):
        deadline = time.monotonic() + timeout
        while (have := self.lines()) < wanted:
            require(self.verdict() is None, f"{self.name}: ended with '{self.verdict()}'")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name}: {have} lines, {wanted} did not come within {timeout} s; "
                             f"{self.whereabouts()}")
            time.sleep(0.02)
        return have

    def whereabouts(self):
        """What it and its children do, and where."""
        for guest in self.tier.guests:
            found = guest.run(f"ps -o pid=,ppid=,stat=,wchan:30=,comm= -p {self.pid} --ppid {self.pid}; true")
            if found:
                return f"on {guest}: {' | '.join(' '.join(line.split()) for line in found.splitlines())}"
        return "it is nowhere"

    def advances(self, by=3, timeout=60):
        """It runs: it writes more lines than it had."""
        return self.await_lines(self.lines() + by, timeout)

    # ---- exactly one copy ----

    def runs_only_on(self, guest, lines=3):
        require(guest.exists(self.pid),
                f"{self.name}: pid {self.pid} is not on {guest}, its last line is "
                f"'{(self.text().splitlines() or [''])[-1]}'")
        # one that was killed may take a moment to die; one that ran shows in the lines
        self.tier.other(guest).await_gone(self.pid, timeout=30)
        self.advances(lines)

    # ---- its end ----

    def stop(self, guest, timeout=60):
        """SIGTERM; its own verdict must be PASS."""
        guest.kill(self.pid, "TERM")
        deadline = time.monotonic() + timeout
        while self.verdict() is None or guest.exists(self.pid):     # asks the file first
            if time.monotonic() > deadline:
                raise Failed(f"{self.name}: pid {self.pid} on {guest} did not end after SIGTERM, "
                             f"state {guest.process_state(self.pid)}")
            time.sleep(0.05)
        require(self.verdict() == "PASS", f"{self.name}: {self.verdict()}")

    def control(self):
        """The bytes that an uninterrupted run over as many lines writes."""
        if not self.user and self.name not in AT_HOME:
            with contextlib.suppress(DifferentMachine):
                return self._control_here()
        return self._control_in_guest()

    def _control_here(self):
        """On this machine: quicker, and as far from the migrated one as can be."""
        path = self.tier.out(f"{self.name}-control")[1]
        argument = 10 if self.name in WAITING else self.argument
        words = command(self.name, str(path), self.lines(), argument,
                        home=ROOT / "e2e/programs/build")
        subprocess.run(words, stdin=subprocess.DEVNULL, check=False, timeout=300)
        first_mine = self.path.read_bytes().split(b"\n", 1)[0]
        text = path.read_bytes()
        # the first line is a note where the program says what it found, as of its processor
        if not first_mine[:1].isdigit() and text.split(b"\n", 1)[0] != first_mine:
            raise DifferentMachine
        return text

    def _control_in_guest(self):
        out, path = self.tier.out(f"{self.name}-control")
        argv = command(self.name, out, self.lines(), self.argument)
        guest = self.tier.a
        pid = guest.start(argv, user=self.user, directory=self.directory)
        deadline = time.monotonic() + 300
        while not path.exists() or not path.read_bytes().decode().splitlines()[-1:] or \
                not path.read_bytes().decode().splitlines()[-1].startswith(("PASS", "FAIL")):
            if time.monotonic() > deadline or not guest.exists(pid):
                # it may have ended between the two looks
                if path.exists() and path.read_bytes().endswith(b"PASS\n"):
                    break
                raise Failed(f"{self.name}: the control run did not end well")
            time.sleep(0.05)
        return path.read_bytes()

    def stop_and_compare(self, guest):
        self.stop(guest)
        mine, control = self.path.read_bytes(), self.control()
        if mine != control:
            pairs = zip(mine.decode().splitlines(), control.decode().splitlines())
            raise Failed(f"{self.name}: differs from the control run: "
                         f"{next((pair for pair in pairs if pair[0] != pair[1]), 'lengths')}")
