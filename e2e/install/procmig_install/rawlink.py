# SPDX-License-Identifier: Apache-2.0
"""How long the bare link takes for so many bytes: what a migration is to be compared with."""

import json
import shutil
import subprocess

from .cluster import ROOT
from .steps import StepError

_DRIVE = "/srv/shared/.procmig/procmig-drive"
_PORT = 7399
_SECONDS = 120


class RawLink:
    """The TCP connection between two nodes, with nothing at its ends."""

    def __init__(self, cluster, source, target):
        self._cluster = cluster
        self._source = source
        self._target = target
        place = cluster.shared / ".procmig"
        place.mkdir(exist_ok=True)
        shutil.copy(ROOT / "kmod" / "tests" / "build" / "procmig-drive", place)

    def seconds(self, count):
        """Time from the first of `count` bytes until the receiver has the last, as the sender sees it."""
        address = self._cluster.nodes[self._target]["ip"]
        receiver = subprocess.Popen(
            self._cluster.ssh_argv(self._target, f"timeout {_SECONDS} {_DRIVE} raw-receive --listen {_PORT}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # Tried again until the receiver listens.
            said = self._cluster.ssh(
                self._source,
                f"for try in $(seq 20); do {_DRIVE} raw-send --connect {address}:{_PORT} --bytes {count} && exit 0;"
                " sleep 0.1; done; exit 1", seconds=_SECONDS)
        finally:
            receiver.kill()
            receiver.wait()
        try:
            return json.loads(said.splitlines()[-1])["total_ns"] / 1e9
        except (IndexError, KeyError, ValueError):
            raise StepError(f"raw-send did not say how long it took: {said}") from None
