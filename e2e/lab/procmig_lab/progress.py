# SPDX-License-Identifier: Apache-2.0
"""Progress lines with elapsed time, so that no wait is silent.

Lines go to stderr; stdout belongs to what a command was asked to print.
"""

import contextlib
import sys
import threading
import time

_START = time.monotonic()
_REMIND_SECONDS = 15
_quiet = False
_steps = []


def silence(quiet):
    global _quiet
    _quiet = quiet


def elapsed():
    return time.monotonic() - _START


def say(message):
    if not _quiet:
        print(f"[{elapsed():6.1f}s] {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(message, detail=lambda: ""):
    """Announce a step, remind while it lasts, and say how long it took.

    `detail` is asked at every reminder for a few words on where the step is. Of steps
    within steps only the innermost reminds.
    """
    say(f"{message} …")
    begin = time.monotonic()
    done = threading.Event()

    def remind():
        while not done.wait(_REMIND_SECONDS):
            if _steps[-1] is done:
                words = detail()
                say(f"{message}: {time.monotonic() - begin:.0f}s so far" + (f", {words}" if words else ""))

    _steps.append(done)
    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        done.set()
        _steps.remove(done)
        thread.join()
        say(f"{message}: {outcome} {time.monotonic() - begin:.1f}s")
