# SPDX-License-Identifier: Apache-2.0
"""Debian packages: which versions there are, and those the host itself needs."""

import os
import time
from pathlib import Path

from . import command, progress
from .errors import LabError

# What the lab runs on the host. A bare Debian 12 has next to none of it.
REQUIRED = (
    "ca-certificates",
    "cpio",
    "e2fsprogs",
    "etcd-server",
    "gcc",
    "iproute2",
    "libc6-dev",
    "make",
    "mmdebstrap",
    "nftables",
    "openssh-client",
    "openssl",
    "procps",
    "qemu-system-x86",
    "qemu-utils",
    "util-linux",
)

_LISTS = Path("/var/lib/apt/lists")
_LISTS_FRESH_SECONDS = 24 * 3600
_LOCK_PATIENCE_SECONDS = 900
_ENVIRONMENT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none", "LC_ALL": "C"}


def ensure_installed(packages, log):
    """Install what is missing, and nothing else."""
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    had_etcd = is_installed("etcd-server")
    if not all(candidate_versions(missing).values()):
        update_lists(log)
    _apt_get(f"installing {', '.join(missing)}",
             ["install", "--yes", "--no-install-recommends", *missing], log, timeout=1800)
    if not had_etcd and "etcd-server" in missing and Path("/run/systemd/system").exists():
        # Debian starts an etcd of its own at installation; the lab runs one in its own directory.
        command.succeeds(["systemctl", "disable", "--now", "etcd"])


def is_installed(name):
    try:
        state = command.output(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", name], check=False)
    except LabError as error:
        raise LabError("this host has no dpkg-query", hint="the lab needs Debian 12 (or a container of it)") from error
    return state.startswith("ii")


def candidate_versions(packages):
    """The version apt would install of each package; None where it knows none."""
    versions = dict.fromkeys(packages)
    name = None
    for line in command.output(["apt-cache", "policy", *packages], env=_ENVIRONMENT).splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and name in versions:
            version = line.split(":", 1)[1].strip()
            versions[name] = None if version == "(none)" else version
    return versions


def resolve(packages, log):
    """Candidate versions of packages that must exist, updating apt's lists when they are missing or old."""
    if not _lists_are_fresh():
        try:
            update_lists(log)
        except LabError as error:
            # An old answer serves; only having none is fatal, and that shows below.
            progress.say(f"apt's package lists could not be updated: {error.what}")
    versions = candidate_versions(packages)
    unknown = [name for name, version in versions.items() if not version]
    if unknown:
        update_lists(log)
        versions = candidate_versions(packages)
        unknown = [name for name, version in versions.items() if not version]
    if unknown:
        raise LabError(f"apt knows no package {', '.join(unknown)}",
                       hint="the lab needs Debian 12's main archive in apt's sources")
    return versions


def dependency_like(package, prefix):
    """The name of the package's dependency that starts with `prefix`."""
    for line in command.output(["apt-cache", "depends", package], env=_ENVIRONMENT).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "Depends:" and words[1].startswith(prefix):
            return words[1]
    raise LabError(f"apt's {package} depends on no package named {prefix}…", hint="run `apt-get update`")


def update_lists(log):
    _apt_get("updating apt's package lists", ["update"], log, timeout=600)
    # apt leaves an unchanged list's time alone; this stamp says when we last looked.
    (_LISTS / "partial").touch()


def _lists_are_fresh():
    try:
        return time.time() - (_LISTS / "partial").stat().st_mtime < _LISTS_FRESH_SECONDS
    except FileNotFoundError:
        return False


def _apt_get(title, arguments, log, timeout):
    """Run apt-get, waiting while another apt holds a lock.

    DPkg::Lock::Timeout covers dpkg's lock only; the one on the lists fails at once.
    """
    deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while True:
        try:
            command.long_running(title, ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={_LOCK_PATIENCE_SECONDS}",
                                         "-o", "Dpkg::Options::=--force-confold", *arguments],
                                 log=log, timeout=timeout, env=_ENVIRONMENT,
                                 hint="see whether `apt-get update` works on this machine")
            return
        except LabError as error:
            if "lock" not in (error.excerpt or "") or time.monotonic() > deadline:
                raise
            progress.say("another apt holds a lock; trying again in 5 s")
            time.sleep(5)
