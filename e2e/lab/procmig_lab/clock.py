# SPDX-License-Identifier: Apache-2.0
"""Setting guests' clocks by the host's.

A guest reads its start time from a clock that counts whole seconds, so two guests
differ by up to one: far more than a migration's downtime, which tests read from
what a migrated program saw. Asked over an open connection, a guest answers within
milliseconds, and half the quickest answer's time bounds the error.
"""

import subprocess
import time

from . import ssh
from .errors import LabError

_QUESTIONS = 25

_IN_GUEST = """
import sys, time
for line in sys.stdin:
    if line.strip():
        time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns() + int(line))
    print(time.time_ns(), flush=True)
"""


def synchronize(flavour, machine):
    """Set the clock; return how far it was off and the bound on the error that is left, in seconds."""
    guest = subprocess.Popen([*ssh.arguments(flavour, machine), "python3 -S -c " + _quoted(_IN_GUEST)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        offset, error = _measure(guest)
        _ask(guest, str(-offset))
        # The first setting runs code the emulator has not translated yet, and comes late by that.
        late, error = _measure(guest)
        _ask(guest, str(-late))
        return offset / 1e9, error / 1e9
    except (OSError, ValueError) as failure:
        raise LabError(f"{machine.name}: its clock cannot be set: {failure}",
                       hint=f"`lab ssh {machine.name} python3 -V` must work") from failure
    finally:
        guest.kill()
        guest.communicate()


def _measure(guest):
    best = None
    for _ in range(_QUESTIONS):
        sent = time.time_ns()
        said = _ask(guest, "")
        received = time.time_ns()
        error = (received - sent) // 2
        if best is None or error < best[1]:
            best = said - (sent + error), error
    return best


def _ask(guest, line):
    guest.stdin.write(line + "\n")
    guest.stdin.flush()
    return int(guest.stdout.readline())


def _quoted(script):
    return "'" + script + "'"
