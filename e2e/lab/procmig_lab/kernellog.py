# SPDX-License-Identifier: Apache-2.0
"""Finding in the guests' kernel logs what must never be there."""

import re

from . import ssh
from .errors import LabError

_ANSWER_SECONDS = 30

_TROUBLE = re.compile(
    r"WARNING: |\bBUG\b|\bOops\b|kernel BUG|general protection fault[,:]|unable to handle|Kernel panic"
    r"|unregister_netdevice|refcount_t|\bKASAN\b|\bKFENCE\b|\bUBSAN\b|blocked for more than|soft lockup|hard LOCKUP"
    r"|possible recursive locking|possible circular locking|suspicious RCU usage|inconsistent lock state"
    r"|held lock freed|lock held when returning|scheduling while atomic|sleeping function called from invalid"
    r"|list_add corruption|list_del corruption|Bad page state|Bad rss-counter|non-zero pgtables_bytes"
    r"|Objects remaining in|nobody cared|detected stall|self-detected stall|double free"
    r"|slab-out-of-bounds|use-after-free"
    r"|Modules linked in:|Call Trace:|page allocation failure|kmemleak:")


def troubles(text):
    """The lines of a kernel log that tell of a fault in the kernel, with the lines' numbers."""
    return [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), start=1) if _TROUBLE.search(line)]


def check(flavour, guests):
    """Every trouble in the consoles and, for what the console may have missed, in the running guests' ring buffers."""
    found = []
    for guest in guests:
        console = guest.console.read_text(errors="replace") if guest.console.exists() else ""
        found += [f"{guest.console}:{number}: {line}" for number, line in troubles(console)]
        if guest.is_running():
            try:
                ring = ssh.run(flavour, guest.machine, "dmesg", timeout=_ANSWER_SECONDS)
            except LabError as error:
                found.append(f"{guest.name}: its kernel log cannot be read: {error.what}")
                continue
            seen = {_without_time(line) for _, line in troubles(console)}
            found += [f"{guest.name}: dmesg: {line}" for _, line in troubles(ring) if _without_time(line) not in seen]
    return found


def _without_time(line):
    return re.sub(r"^\[ *\d+\.\d+\] ", "", line)
