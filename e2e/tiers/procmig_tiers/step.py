# SPDX-License-Identifier: Apache-2.0
"""One command of a tier: its log, its progress on the terminal, its time limit."""
import contextlib
import dataclasses
import os
import pathlib
import selectors
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOGS = ROOT / "build" / "tiers"
QUIET_SECONDS = 15


class StepFailed(Exception):
    """A command failed; the message says which, why and where its log is."""


@dataclasses.dataclass
class Output:
    """What a command printed, both streams together."""

    text: str
    seconds: float
    status: int


_terminal = threading.Lock()
_thread = threading.local()
#: set when nobody wants to hear of the results any more
stopped = threading.Event()


@contextlib.contextmanager
def spoken_by(name):
    """Begin what this thread says with a name: others talk at the same time."""
    _thread.name = name
    try:
        yield
    finally:
        _thread.name = None


def say(message):
    """Print lines, all together, each with the name of who says it."""
    name = getattr(_thread, "name", None)
    lines = [f"{name}: {line}" if name else line for line in message.splitlines()]
    with _terminal:
        print("\n".join(lines), flush=True)


def run(name, argv, timeout, environment=None, check=True):
    """Run argv in the checkout; its output goes to a log, a line of progress to the terminal."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    say(f"  {name}: {' '.join(str(word) for word in argv)}")
    process = subprocess.Popen(
        [str(word) for word in argv], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        text = _follow(name, process, log, started, timeout)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    seconds = time.monotonic() - started
    output = Output(text, seconds, process.returncode)
    if check and output.status:
        tail = "\n".join("    | " + line for line in text.splitlines()[-25:])
        raise StepFailed(f"{name} ended with status {output.status} after {seconds:.0f} s; "
                         f"its log is {log}\n{tail}")
    say(f"  {name}: {'done' if not output.status else f'status {output.status}'} in {seconds:.0f} s")
    return output


def _follow(name, process, log, started, timeout):
    text = bytearray()
    spoke = time.monotonic()
    os.set_blocking(process.stdout.fileno(), False)
    with log.open("wb") as file, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now - started > timeout:
                raise StepFailed(f"{name} did not end within {timeout} s; its log is {log}")
            if stopped.is_set():
                raise StepFailed(f"{name} was interrupted")
            if selector.select(timeout=1):
                data = process.stdout.read(65536)
                if data == b"":
                    process.wait(timeout=60)
                    return text.decode(errors="replace")
                if data:
                    text += data
                    file.write(data)
                    file.flush()
            if now - spoke > QUIET_SECONDS:
                spoke = now
                lines = bytes(text[-2000:]).decode(errors="replace").strip().splitlines()
                say(f"  {name}: {now - started:.0f} s … {lines[-1][:100] if lines else ''}")


def missing_packages(packages):
    """Those Debian packages that are not installed."""
    status = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
                            capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in status.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in installed]


def install(packages):
    """Install the Debian packages that are missing; needs root."""
    wanted = missing_packages(packages)
    if not wanted:
        return
    if os.geteuid() != 0:
        sys.exit(f"these packages are missing: {' '.join(wanted)}; run as root, or install them")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-update", ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "update"], 300, environment)
    run("apt-install", ["apt-get", "-qq", "-y", "--no-install-recommends", "-o",
                        "DPkg::Lock::Timeout=300", "install", *wanted], 900, environment)
