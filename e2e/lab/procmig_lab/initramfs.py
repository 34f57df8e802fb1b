# SPDX-License-Identifier: Apache-2.0
"""Initial RAM file systems: which modules they hold, in what order, and the archive format.

The kernel unpacks several archives one after another, so a guest's own files
travel in a small second archive behind the common one.
"""

import io
import stat
from pathlib import Path

from . import settings
from .errors import LabError

# Devices and file systems the init script uses. `ext4` asks for crc32c by its
# algorithm's name, which no dependency shows and no modprobe answers here.
_MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio-rng", "crc32c_generic", "ext4", "9pnet_virtio", "9p",
            "virtiofs")


class Archive:
    """A writer of the "newc" cpio format, the one the kernel reads."""

    def __init__(self):
        self._out = io.BytesIO()
        self._inode = 0
        self._directories = set()

    def directory(self, name, mode=0o755):
        if name in ("", ".") or name in self._directories:
            return
        self._parents(name)
        self._directories.add(name)
        self._entry(name, stat.S_IFDIR | mode, b"")

    def file(self, name, content, mode=0o644):
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, content)

    def device(self, name, major, minor, mode=0o600):
        self._parents(name)
        self._entry(name, stat.S_IFCHR | mode, b"", major, minor)

    def finish(self):
        self._entry("TRAILER!!!", 0, b"")
        self._pad(512)
        return self._out.getvalue()

    def _parents(self, name):
        self.directory(str(Path(name).parent))

    def _entry(self, name, mode, content, major=0, minor=0):
        self._inode += 1
        encoded = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (self._inode, mode, 0, 0, links, 0, len(content), 0, 0, major, minor, len(encoded), 0)
        self._out.write(b"070701" + b"".join(b"%08X" % field for field in fields))
        self._out.write(encoded)
        self._pad(4)
        self._out.write(content)
        self._pad(4)

    def _pad(self, boundary):
        self._out.write(b"\0" * (-self._out.tell() % boundary))


def load_order(modules_dep_text, wanted):
    """Paths of the wanted modules and all they need, each after what it needs.

    `modules.dep` gives every module's needs, the innermost last.
    """
    paths = {}
    for line in modules_dep_text.splitlines():
        path, _, needs = line.partition(":")
        paths[_module_name(path)] = (path, needs.split())
    order = []
    for name in wanted:
        if _module_name(name) not in paths:
            raise LabError(f"the kernel has no module {name}")
        path, needs = paths[_module_name(name)]
        order += [one for one in [*reversed(needs), path] if one not in order]
    return order


def build(root):
    """The archive that every guest boots with, from the guests' Debian in `root`."""
    module_directory = next((root / "lib" / "modules").iterdir())
    archive = Archive()
    # The kernel opens the console for the init script before that can make /dev.
    archive.device("dev/console", 5, 1)
    archive.file("init", (settings.SOURCE / "initramfs" / "init").read_bytes(), 0o755)
    archive.file("bin/busybox", (root / "bin" / "busybox").read_bytes(), 0o755)
    names = []
    for path in load_order((module_directory / "modules.dep").read_text(), _MODULES):
        names.append(Path(path).name)
        archive.file(f"modules/{names[-1]}", (module_directory / path).read_bytes())
    archive.file("modules/order", "\n".join(names).encode() + b"\n")
    return archive.finish()


def seed(files):
    """The archive with one guest's own files: a mapping of path to (content, mode)."""
    archive = Archive()
    archive.directory("seed")
    for name, (content, mode) in sorted(files.items()):
        archive.file(f"seed/{name.lstrip('/')}", content if isinstance(content, bytes) else content.encode(), mode)
    return archive.finish()


def _module_name(path):
    return Path(path).name.removesuffix(".ko").replace("-", "_")
