# SPDX-License-Identifier: Apache-2.0
"""Loading container images into running nodes, sending only what a node lacks."""

import concurrent.futures
from pathlib import Path

from . import oci, progress, ssh, transfer
from .errors import LabError

_IMPORT_SECONDS = 900
_BLOBS = "/var/lib/node/containerd/io.containerd.content.v1.content/blobs/sha256"
# Manifests and configurations go along always: an image is read from them.
_ALWAYS_SENT_BYTES = 64 * 1024


def load(flavour, guests, archives):
    if not flavour.kubernetes:
        raise LabError(f"the {flavour.name} lab runs no containers")
    guests = [guest for guest in guests if guest.is_running()]
    if not guests:
        raise LabError("no node is running", hint="`lab up`")
    names = {archive: oci.image_names(archive) for archive in archives}
    with concurrent.futures.ThreadPoolExecutor(len(guests)) as pool:
        present = set.intersection(*pool.map(lambda guest: _present_blobs(flavour, guest), guests))
        for archive in archives:
            blobs = oci.blobs(archive)
            left_out = {digest for digest, size in blobs.items() if digest in present and size > _ALWAYS_SENT_BYTES}
            sent = sum(size for digest, size in blobs.items() if digest not in left_out)
            with progress.step(f"loading {', '.join(names[archive])} ({sent / 1e6:.1f} MB new)"), \
                    transfer.staging(flavour) as (on_host, in_guest):
                _stage(archive, on_host / "image.tar", left_out)
                list(pool.map(lambda guest: _import(flavour, guest, f"{in_guest}/image.tar"), guests))


def _present_blobs(flavour, guest):
    """Digests of what the node's containerd has; asked of the file system, which answers faster than ctr."""
    listing = ssh.run(flavour, guest.machine, f"ls {_BLOBS}", what=f"{guest.name}: listing containerd's blobs")
    return {f"sha256:{name}" for name in listing.split()}


def _stage(archive, destination, left_out):
    if left_out:
        oci.copy_without(archive, destination, left_out)
    else:
        destination.write_bytes(Path(archive).read_bytes())


def _import(flavour, guest, path):
    ssh.run(flavour, guest.machine, f"ctr --namespace k8s.io images import {path}", timeout=_IMPORT_SECONDS,
            what=f"{guest.name}: importing an image")
