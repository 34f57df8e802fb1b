# SPDX-License-Identifier: Apache-2.0
"""Keeps what was built under a hash of what it was built from."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path


def directory():
    return Path(os.environ.get("PROCMIG_CACHE") or Path.home() / ".cache" / "procmig") / "containers"


def key(*parts):
    """A short hash of texts and of files and trees, which count with name and content."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
                if path.is_file():
                    digest.update(f"\0{path}\0".encode())
                    digest.update(path.read_bytes())
        else:
            digest.update(f"\1{part}\1".encode())
    return digest.hexdigest()[:16]


def made(name, make):
    """The path of a file in the cache; `make(path)` is called to make it if it is not there."""
    path = directory() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + f".unfinished-{os.getpid()}")
        try:
            make(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    os.utime(path)
    return path


@contextlib.contextmanager
def lock():
    """One build at a time; several would only fight for the processor."""
    directory().mkdir(parents=True, exist_ok=True)
    with (directory() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(prefix, keep=3):
    """Remove all but the latest files whose name starts with a prefix."""
    files = sorted(directory().glob(prefix + "*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[keep:]:
        path.unlink()


@contextlib.contextmanager
def workspace():
    """A directory for the build that is gone afterwards."""
    directory().mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="work-", dir=directory()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
