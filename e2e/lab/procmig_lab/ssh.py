# SPDX-License-Identifier: Apache-2.0
"""Logging in to guests: one key pair per lab, one connection per guest that later commands share."""

import contextlib
import shlex
import subprocess
import time

from . import command
from .errors import LabError

_PERSIST_SECONDS = 3600


def ensure_key(flavour):
    key = private_key(flavour)
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        command.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "procmig-lab", "-f", key])
    return key.with_suffix(".pub").read_text()


def make_host_key(path):
    if not path.exists():
        command.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "procmig-lab", "-f", path])
    return path.read_text(), path.with_suffix(".pub").read_text()


def private_key(flavour):
    return flavour.state / "ssh_key"


def arguments(flavour, machine, *, tty=False):
    """The ssh command line that ends before the remote command."""
    return ["ssh", "-F", "none",
            "-i", str(private_key(flavour)),
            "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes",
            # Guests come and go under the same addresses, each time with a new key.
            "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=20",
            "-o", "ServerAliveInterval=10",
            "-o", "ServerAliveCountMax=6",
            "-o", "ControlMaster=auto",
            "-o", f"ControlPath={_control_path(flavour, machine)}",
            "-o", f"ControlPersist={_PERSIST_SECONDS}",
            *(["-t"] if tty else []),
            f"root@{machine.address}"]


def shell_command(flavour, machine):
    """The same as one string, for programs that pass it to a shell."""
    return shlex.join(arguments(flavour, machine))


def run(flavour, machine, remote, *, timeout=120, input=None, check=True, what=None):
    """Run a shell command line in the guest and return its output."""
    return command.output([*arguments(flavour, machine), remote], timeout=timeout, input=input, check=check,
                          what=what or f"{machine.name}: {remote}")


def answers(flavour, machine):
    return command.succeeds([*arguments(flavour, machine), "true"], timeout=25)


def wait_for(flavour, machine, timeout, still_alive=lambda: None):
    """Wait until the guest lets us in."""
    deadline = time.monotonic() + timeout
    while True:
        still_alive()
        if answers(flavour, machine):
            return
        if time.monotonic() > deadline:
            raise LabError(f"{machine.name}: no login over ssh within {timeout:.0f} s",
                           log=flavour.machine_state(machine.name) / "console.log",
                           excerpt=command.tail_of_file(flavour.machine_state(machine.name) / "console.log"),
                           hint=f"read the console log; then `lab power {machine.name} reset`")
        time.sleep(0.3)


def forget(flavour, machine):
    """Drop the shared connection, as when the guest behind it is about to go."""
    path = _control_path(flavour, machine)
    if path.exists():
        # One that does not answer loses its socket, and with it whoever would use it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", f"root@{machine.address}"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)
        path.unlink(missing_ok=True)


def _control_path(flavour, machine):
    # A socket's path holds 108 bytes, and ssh appends 17 while it makes one.
    return flavour.machine_state(machine.name) / "ssh"
