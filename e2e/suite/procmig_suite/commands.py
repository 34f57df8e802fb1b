# SPDX-License-Identifier: Apache-2.0
"""Commands on this machine, which end in time or are ended."""
import contextlib
import os
import signal
import subprocess
import tempfile

from .errors import SuiteError

_SHOWN = 2000
#: to clean up after SIGINT
_GRACE_SECONDS = 5


def output(argv, directory, timeout, what, ending):
    """What a command prints; it must succeed within @timeout seconds, and ends early with the run."""
    # Files and no pipes: who keeps a pipe open, as a daemon does, would be waited for.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        try:
            status = _await(process, timeout, ending)
        finally:
            _end(process)
        said = _text(out)
        if status == 0:
            return said
        how = f"did not end within {timeout} s" if status is None else f"ended with {status}"
        raise SuiteError(f"{what}: {' '.join(argv)} {how}:\n{said[-_SHOWN:]}{_text(err)[-_SHOWN:]}")


def _await(process, timeout, ending):
    for patience in ending.slices(timeout):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(patience)
    return None


def _end(process):
    """It and what it started, but for daemons, which have a session of their own."""
    if process.poll() is not None:
        return
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)


def _text(file):
    file.seek(0)
    return file.read().decode(errors="replace")
