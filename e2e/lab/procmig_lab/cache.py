# SPDX-License-Identifier: Apache-2.0
"""Artefacts that take long to make, kept in directories named by a hash of what they were made from."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
import time
from pathlib import Path

from . import progress
from .errors import LabError


def key_of(inputs):
    """A short name for a set of inputs: any JSON value; the order of mappings does not matter."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_file(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_tree(root):
    """A digest over names, executable bits, link targets and contents of everything below `root`."""
    entries = []
    for path in sorted(Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            entries.append([name, "link", os.readlink(path)])
        elif path.is_file():
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            entries.append([name, "executable" if executable else "file", digest_of_file(path)])
    return key_of(entries)


class Cache:
    def __init__(self, root):
        self.root = Path(root)

    def path(self, kind, key):
        return self.root / f"{kind}-{key}"

    def log(self, kind):
        return self.root / "logs" / f"{kind}.log"

    def has(self, kind, key):
        return self.path(kind, key).is_dir()

    def obtain(self, kind, key, build):
        """Return the artefact's directory, calling `build(directory)` if it is not there yet.

        It is built beside its place and renamed when complete, so that a directory that
        exists is whole. One builder per kind at a time; others wait and then find it made.
        """
        place = self.path(kind, key)
        if place.is_dir():
            os.utime(place)  # for `prune`
            return place
        self.root.mkdir(parents=True, exist_ok=True)
        with self._only_builder(kind):
            if place.is_dir():
                return place
            unfinished = self.root / f"unfinished-{kind}"
            # Only the holder of the lock uses this name: what is there is a dead builder's.
            _remove_tree(unfinished)
            unfinished.mkdir()
            self.log(kind).parent.mkdir(parents=True, exist_ok=True)
            self.log(kind).write_text("")
            build(unfinished)
            unfinished.rename(place)
        return place

    def drop(self):
        if not self.root.exists():
            progress.say(f"{self.root}: nothing to drop")
            return
        for entry in self.root.iterdir():
            if entry.name != "locks":
                _remove_tree(entry)
        progress.say(f"{self.root}: dropped")

    def prune(self, unused_seconds):
        """Remove the artefacts that nobody asked for in that time."""
        oldest = time.time() - unused_seconds
        for entry in self.root.glob("*-*"):
            if entry.is_dir() and entry.stat().st_mtime < oldest:
                _remove_tree(entry)
                progress.say(f"dropped {entry.name}")

    @contextlib.contextmanager
    def _only_builder(self, kind):
        locks = self.root / "locks"
        locks.mkdir(exist_ok=True)
        with open(locks / kind, "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with progress.step(f"waiting for another lab that builds {kind}"):
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _remove_tree(path):
    path = Path(path)
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return
    mount_points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    mounted = [point for point in mount_points if point.startswith(f"{path}/")]
    if mounted:
        raise LabError(f"{path} has mounts below it and is not removed: {', '.join(mounted)}",
                       hint="unmount them and try again")
    shutil.rmtree(path)
