# SPDX-License-Identifier: Apache-2.0
"""The guests' Debian, as a directory on the host: packages only, nothing of ours."""

import json
import shutil

from . import cache, command, hostpackages
from .errors import LabError

KIND = "rootfs"

_SUITE = "bookworm"
_SOURCES = (
    "deb http://deb.debian.org/debian bookworm main",
    "deb http://deb.debian.org/debian bookworm-updates main",
    "deb http://deb.debian.org/debian-security bookworm-security main",
)
_KERNEL = "linux-image-amd64"
_PACKAGES = (
    _KERNEL,
    "bc",
    "busybox-static",
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "curl",
    "dbus",
    "ethtool",
    "iproute2",
    "iptables",
    "iputils-ping",
    "kmod",
    "netcat-openbsd",
    "nftables",
    "openjdk-17-jdk-headless",
    "openssh-server",
    "perl",
    "postgresql-15",
    "procps",
    "psmisc",
    "python3",
    "runc",
    "socat",
    "sqlite3",
    "strace",
    "stress-ng",
    "systemd",
    "systemd-sysv",
    "xz-utils",
)
# What no guest uses. Drivers no guest has hardware for are two thirds of the kernel package.
_EXCLUDED = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/lib/modules/*/kernel/drivers/gpu/*",
    "/lib/modules/*/kernel/drivers/hwmon/*",
    "/lib/modules/*/kernel/drivers/iio/*",
    "/lib/modules/*/kernel/drivers/infiniband/*",
    "/lib/modules/*/kernel/drivers/media/*",
    "/lib/modules/*/kernel/drivers/net/ethernet/*",
    "/lib/modules/*/kernel/drivers/net/wireless/*",
    "/lib/modules/*/kernel/drivers/scsi/*",
    "/lib/modules/*/kernel/drivers/staging/*",
    "/lib/modules/*/kernel/drivers/usb/*",
    "/lib/modules/*/kernel/sound/*",
    "/usr/lib/jvm/*/jmods/*",
    "/usr/lib/postgresql/*/lib/bitcode/*",
    "/usr/lib/postgresql/*/lib/llvmjit*",
    "/usr/lib/x86_64-linux-gnu/libLLVM*",
    "/usr/lib/x86_64-linux-gnu/libz3*",
    "/usr/share/fonts/*",
    "/usr/share/i18n/charmaps/*",
    "/usr/share/i18n/locales/*",
)
_BUILD_SECONDS = 1800


class Rootfs:
    """What to build, resolved against the archive as it is now."""

    def __init__(self, store):
        self._store = store
        log = store.log(KIND)
        self._versions = hostpackages.resolve(_PACKAGES, log)
        self.key = cache.key_of({
            "suite": _SUITE,
            "sources": _SOURCES,
            "packages": self._versions,
            "excluded": _EXCLUDED,
            "hooks": _hooks("ROOT"),
        })

    def version(self, package):
        return self._versions[package]

    def kernel_release(self):
        """The release the guests run; known before they are built, so that modules can be built meanwhile."""
        if self._store.has(KIND, self.key):
            return self.metadata()["kernelRelease"]
        return hostpackages.dependency_like(_KERNEL, "linux-image-").removeprefix("linux-image-")

    def metadata(self):
        return json.loads((self._store.path(KIND, self.key) / "metadata.json").read_text())

    def ensure(self):
        return self._store.obtain(KIND, self.key, self._build)

    def _build(self, directory):
        log = self._store.log(KIND)
        root = directory / "root"
        command.long_running("making the guests' Debian (about a minute, once)",
                             _mmdebstrap(root), log=log, timeout=_BUILD_SECONDS,
                             hint="the Debian mirror must be reachable (`apt-get update`)")
        releases = sorted(path.name for path in (root / "lib" / "modules").iterdir())
        if len(releases) != 1:
            raise LabError(f"the guests' Debian has {len(releases)} kernels, expected one: {releases}", log=log)
        for waste in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(root / waste, ignore_errors=True)
        packages = command.output(["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}",
                                   "-W", "-f", "${Package} ${Version}\n"])
        metadata = {"kernelRelease": releases[0],
                    "packages": dict(line.split() for line in packages.splitlines())}
        (directory / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n")


def _mmdebstrap(root):
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase",
            f"--include={','.join(_PACKAGES)}",
            '--aptopt=Apt::Install-Recommends "false"',
            # The hook below writes a configuration file before the package that owns it comes.
            "--dpkgopt=force-confold"]
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED]
    argv += [f"--essential-hook={hook}" for hook in _hooks('"$1"')]
    return [*argv, _SUITE, root, *_SOURCES]


def _hooks(root):
    # The lab boots an initramfs of its own: Debian's would be made for nothing, and slowly.
    # Nor is a database cluster wanted: who needs one makes it where it shall be.
    return (f"mkdir -p {root}/etc/initramfs-tools {root}/etc/postgresql-common",
            f"echo update_initramfs=no > {root}/etc/initramfs-tools/update-initramfs.conf",
            f"echo create_main_cluster = false > {root}/etc/postgresql-common/createcluster.conf")
