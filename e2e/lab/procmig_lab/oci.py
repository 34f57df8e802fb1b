# SPDX-License-Identifier: Apache-2.0
"""Container images as tar files: writing a small one, and reading what one holds.

The layout written is OCI's image layout 1.0 in a tar, with layers left
uncompressed: containerd unpacks them in the guest's emulated CPU, and the disk is cheap.
"""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass

from .errors import LabError

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class File:
    """A file of a layer to be written."""

    name: str
    content: bytes
    mode: int = 0o644


def layer(files):
    """A layer's tar: same files in, same bytes out."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in sorted(files, key=lambda file: file.name):
            tar.addfile(_entry(file.name, len(file.content), file.mode), io.BytesIO(file.content))
    return out.getvalue()


def write_image(path, *, name, layers, entrypoint, user="0:0", environment=("PATH=/usr/sbin:/usr/bin:/sbin:/bin",)):
    """Write an image of one platform, linux/amd64, under a full name such as host/path:tag."""
    config = _json({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "User": user, "Env": list(environment)},
        "rootfs": {"type": "layers", "diff_ids": [_digest(one) for one in layers]},
    })
    manifest = _json({
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _descriptor(_CONFIG, config),
        "layers": [_descriptor(_LAYER, one) for one in layers],
    })
    index = _json({
        "schemaVersion": 2,
        "mediaType": _INDEX,
        "manifests": [{**_descriptor(_MANIFEST, manifest),
                       "annotations": {"io.containerd.image.name": name,
                                       "org.opencontainers.image.ref.name": name.rpartition(":")[2]}}],
    })
    with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", index)
        for blob in {_digest(one): one for one in (config, manifest, *layers)}.values():
            _add(tar, _blob_name(_digest(blob)), blob)


def image_names(path):
    """The names under which containerd will know the images of a tar, OCI layout or docker archive."""
    with _open(path) as tar:
        index = _read_json(tar, "index.json")
        if index is not None:
            names = [manifest.get("annotations", {}).get("io.containerd.image.name")
                     for manifest in index.get("manifests", [])]
        else:
            names = [tag for image in _read_json(tar, "manifest.json") or [] for tag in image.get("RepoTags") or []]
    names = [name for name in names if name]
    if not names:
        raise LabError(f"{path}: no image name in it",
                       hint='give the image a full name: in an OCI layout the annotation "io.containerd.image.name"'
                            " of its entry in index.json, in a docker archive RepoTags")
    return names


def blobs(path):
    """Digest and size of every blob in an OCI layout tar; empty for a docker archive."""
    with _open(path) as tar:
        return {"sha256:" + member.name.rpartition("/")[2]: member.size
                for member in tar if member.isfile() and member.name.removeprefix("./").startswith("blobs/sha256/")}


def copy_without(source, destination, digests):
    """Copy an OCI layout tar, leaving out the blobs of the given digests."""
    left_out = {_blob_name(digest) for digest in digests}
    with _open(source) as tar, tarfile.open(destination, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for member in tar:
            if member.isfile() and member.name.removeprefix("./") not in left_out:
                out.addfile(member, tar.extractfile(member))


def _open(path):
    try:
        return tarfile.open(path)
    except (OSError, tarfile.TarError, gzip.BadGzipFile) as error:
        raise LabError(f"{path}: not a readable tar file: {error}") from error


def _read_json(tar, name):
    for candidate in (name, f"./{name}"):
        try:
            return json.load(tar.extractfile(candidate))
        except KeyError:
            continue
    return None


def _add(tar, name, content):
    tar.addfile(_entry(name, len(content), 0o644), io.BytesIO(content))


def _entry(name, size, mode):
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = mode
    return entry


def _descriptor(media_type, content):
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _blob_name(digest):
    return "blobs/" + digest.replace(":", "/")


def _json(value):
    return json.dumps(value, sort_keys=True).encode()
