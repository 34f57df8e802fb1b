# SPDX-License-Identifier: Apache-2.0
"""Copying files to and from guests through the shared directory.

An emulated CPU encrypts a few megabytes a second; 9p carries a hundred, so ssh
only gives the order.
"""

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from . import ssh
from .errors import LabError

_COPY_SECONDS = 600


def push(flavour, machine, source, destination):
    """`cp -r` from the host to a guest; what arrives belongs to root."""
    source = Path(source)
    if not source.exists():
        raise LabError(f"{source}: no such file or directory")
    with staging(flavour) as (on_host, in_guest):
        _copy(source, on_host / source.name)
        ssh.run(flavour, machine, timeout=_COPY_SECONDS, what=f"copying {source} to {machine.name}:{destination}",
                remote=f"cp -r --preserve=mode,timestamps,links {shlex.quote(f'{in_guest}/{source.name}')}"
                       f" {shlex.quote(str(destination))}")


def pull(flavour, machine, source, destination):
    """`cp -r` from a guest to the host."""
    with staging(flavour) as (on_host, in_guest):
        ssh.run(flavour, machine, timeout=_COPY_SECONDS, what=f"copying {machine.name}:{source}",
                remote=f"cp -r --preserve=mode,timestamps,links {shlex.quote(str(source))} {in_guest}/")
        (copied,) = on_host.iterdir()
        destination = Path(destination)
        _copy(copied, destination / copied.name if destination.is_dir() else destination)


@contextlib.contextmanager
def staging(flavour):
    """A directory that host and guests see, for the time of one transfer: its path here and there."""
    name = f".transfer-{os.getpid()}"
    on_host = flavour.shared / name
    on_host.mkdir()
    try:
        yield on_host, f"/srv/shared/{name}"
    finally:
        shutil.rmtree(on_host)


def _copy(source, destination):
    if source.is_dir():
        shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, destination)
