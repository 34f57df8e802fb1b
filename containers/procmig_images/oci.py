# SPDX-License-Identifier: Apache-2.0
"""Writes an image as an OCI layout in a tar, with layers left uncompressed.

Layers are named by what they hold, so that a loader can leave out what a node has already.
"""

import hashlib
import io
import json
import tarfile

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"

# The class-data archive remembers the modification times of the jars: they are final in the image.
EPOCH = 1735689600


def write_layer(directory, path):
    """Tar a directory's content: same files in, same bytes out, everything owned by root."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry in sorted(directory.rglob("*")):
            info = tar.gettarinfo(entry, arcname=str(entry.relative_to(directory)))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = EPOCH
            if info.isreg():
                # A hard link in the build directory is a file of its own in the image.
                info.type, info.linkname = tarfile.REGTYPE, ""
                info.size = entry.stat().st_size
                with entry.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)


def write_image(path, *, tag, layers, config):
    """Write an image for linux/amd64 of layer files, under a full name such as host/path:tag."""
    digests = [_file_digest(layer) for layer in layers]
    blob = _json({
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": digests},
    })
    manifest = _json({
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _descriptor(_CONFIG, blob),
        "layers": [{"mediaType": _LAYER, "digest": digest, "size": layer.stat().st_size}
                   for layer, digest in zip(layers, digests)],
    })
    index = _json({
        "schemaVersion": 2,
        "mediaType": _INDEX,
        "manifests": [{**_descriptor(_MANIFEST, manifest),
                       "annotations": {"io.containerd.image.name": tag,
                                       "org.opencontainers.image.ref.name": tag.rpartition(":")[2]}}],
    })
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", index)
        for content in (blob, manifest):
            _add(tar, _blob_name(_digest(content)), content)
        for layer, digest in dict(zip(layers, digests)).items():
            with layer.open("rb") as content:
                tar.addfile(_entry(_blob_name(digest), layer.stat().st_size), content)


def _add(tar, name, content):
    tar.addfile(_entry(name, len(content)), io.BytesIO(content))


def _entry(name, size):
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    entry.mtime = EPOCH
    return entry


def _descriptor(media_type, content):
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _file_digest(path):
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def _blob_name(digest):
    return "blobs/" + digest.replace(":", "/")


def _json(value):
    return json.dumps(value, sort_keys=True).encode()
