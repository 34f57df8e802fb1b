# SPDX-License-Identifier: GPL-2.0-only
"""The map of state, docs/reference/state.md: what the loaded modules declare."""
import json

from .guest import DRIVE
from .setup import ROOT

PATH = ROOT / "docs" / "reference" / "state.md"
HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Generated from what the loaded modules declare by `make state-map`; do not edit. -->
# The map of process state

Every kind of state that a process can have, as far as the modules know it. A node's own list is in its
`MigrationNode`: `kubectl get mnode NODE -o yaml`, `status.capabilities`. What is *refused* or *planned* is
an obstacle: preflight names it, and nothing is touched.

"""
ORDER = {"CARRIED": 0, "PLANNED": 1, "REFUSED": 2}


def render(guest):
    """The page, from one guest's modules."""
    kinds = [json.loads(line) for line in guest.run(f"{DRIVE} kinds").splitlines() if line.startswith("{")]
    subsystems = sorted({kind["subsystem"] for kind in kinds})
    parts = []
    for subsystem in subsystems:
        rows = sorted((kind for kind in kinds if kind["subsystem"] == subsystem),
                      key=lambda kind: (ORDER[kind["state"].upper()], kind["name"].lower()))
        parts.append(f"## {subsystem}\n| state | | |\n|---|---|---|\n" + "".join(
            f"| {kind['name']} | {kind['state'].lower()} | {kind['note'] or '–'} |\n" for kind in rows))
    return HEAD + "\n".join(parts)
