# SPDX-License-Identifier: Apache-2.0
"""Running other programs: always with a timeout, always with an error that can be acted on."""

import collections
import os
import signal
import subprocess
import threading

from . import progress
from .errors import LabError

_EXCERPT_LINES = 12


def output(argv, *, timeout=60, input=None, env=None, check=True, what=None):
    """Run a short command and return its standard output as text."""
    what = what or " ".join(str(word) for word in argv)
    try:
        result = subprocess.run([str(word) for word in argv], input=input, env=env, text=True,
                                stdin=None if input is not None else subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except FileNotFoundError as error:
        raise LabError(f"{what}: {argv[0]} is not installed", hint="run `lab cache`, which installs it") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{what}: no answer within {timeout} s") from error
    if check and result.returncode:
        raise LabError(f"{what}: exit status {result.returncode}", excerpt=tail(result.stderr or result.stdout))
    return result.stdout


def succeeds(argv, *, timeout=60, input=None):
    """Whether a short command ends with status 0; how it fails does not matter to the caller."""
    try:
        return subprocess.run([str(word) for word in argv], input=input, text=True,
                              stdin=None if input is not None else subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=timeout).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def long_running(title, argv, *, log, timeout, env=None, cwd=None, hint=None):
    """Run a command of seconds to minutes under a progress line; its output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    last = collections.deque(maxlen=_EXCERPT_LINES)
    with progress.step(title, lambda: last[-1][:100] if last else ""), open(log, "a") as sink:
        process = subprocess.Popen([str(word) for word in argv], env=env, cwd=cwd, text=True, errors="replace",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)

        def copy():
            for line in process.stdout:
                sink.write(line)
                sink.flush()
                if line.strip():
                    last.append(line.strip())

        reader = threading.Thread(target=copy, daemon=True)
        reader.start()
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{title}: not finished after {timeout} s", log=log,
                           excerpt="\n".join(last), hint=hint) from error
        finally:
            # Also on Ctrl-C: the command has a session of its own and would outlive us.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            reader.join(5)
    if status:
        raise LabError(f"{title}: exit status {status}", log=log, excerpt="\n".join(last), hint=hint)


def tail(text, lines=_EXCERPT_LINES):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def tail_of_file(path, lines=_EXCERPT_LINES):
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            return tail(file.read().decode(errors="replace"), lines)
    except FileNotFoundError:
        return ""
