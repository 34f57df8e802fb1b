# SPDX-License-Identifier: Apache-2.0
"""Programs that outlive the command that started them, found again by a record of PID and start time.

The start time tells a program of ours from a stranger that was given its PID later.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from . import command
from .errors import LabError


class Program:
    def __init__(self, name, directory):
        self.name = name
        self.directory = Path(directory)
        self.log = self.directory / f"{name}.log"
        self._record = self.directory / f"{name}.pid"

    def pid(self):
        """The running program's PID, or None."""
        try:
            record = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record["pid"] if _start_ticks(record["pid"]) == record["startTicks"] else None

    def start(self, argv, *, environment=None):
        if self.pid():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            try:
                process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True, cwd="/",
                                           env={**os.environ, **(environment or {})})
            except FileNotFoundError as error:
                raise LabError(f"{self.name}: {argv[0]} is not installed",
                               hint="run `lab cache`, which installs it") from error
        unfinished = self._record.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"pid": process.pid, "startTicks": _start_ticks(process.pid)}))
        unfinished.rename(self._record)

    def check_alive(self):
        if not self.pid():
            raise LabError(f"{self.name} ended", log=self.log, excerpt=command.tail_of_file(self.log),
                           hint="`lab down`, then `lab up`")

    def stop(self, patience=15):
        """Ask it to end; kill it when it does not."""
        pid = self.pid()
        if pid:
            _signal(pid, signal.SIGTERM)
            if not self._ends_within(patience):
                _signal(pid, signal.SIGKILL)
                if not self._ends_within(10):
                    raise LabError(f"{self.name} (PID {pid}) does not die", log=self.log)
        self._record.unlink(missing_ok=True)

    def kill(self):
        pid = self.pid()
        if pid:
            _signal(pid, signal.SIGKILL)
            if not self._ends_within(10):
                raise LabError(f"{self.name} (PID {pid}) does not die", log=self.log)
        self._record.unlink(missing_ok=True)

    def _ends_within(self, seconds):
        deadline = time.monotonic() + seconds
        while self.pid():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _start_ticks(pid):
    """Field 22 of /proc/PID/stat; None when there is no such process or only its corpse."""
    try:
        # The name in field 2 may hold anything, also parentheses: count from the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
