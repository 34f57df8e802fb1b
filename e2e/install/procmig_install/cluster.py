# SPDX-License-Identifier: Apache-2.0
"""The lab as the host sees it: its nodes by ssh, its API server by kubectl."""

import json
import os
import shlex
import subprocess
from pathlib import Path

from .steps import StepError

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "e2e" / "lab" / "lab"
# Not the lab's own logs: those it clears when it comes up.
LOGS = ROOT / "build" / "install"

_ANSWER_SECONDS = 60


def lab_directory():
    """Where the lab keeps its state and its logs, as e2e/lab/README.md has it."""
    number = int(os.environ.get("PROCMIG_LAB_INSTANCE") or 0)
    return Path(os.environ.get("PROCMIG_LAB") or "/var/tmp/procmig-lab" + (f"-{number}" if number else ""))


def output(argv, seconds=_ANSWER_SECONDS, check=True):
    """What a short command prints; None if it fails and `check` is false."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                              check=False)
    except subprocess.TimeoutExpired:
        if not check:
            return None
        raise StepError(f"`{' '.join(map(str, argv))}` did not end within {seconds} s") from None
    if done.returncode:
        if not check:
            return None
        raise StepError(f"`{' '.join(map(str, argv))}` ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Cluster:
    """A lab that is up."""

    def __init__(self):
        info = json.loads(output([LAB, "info"]))
        self.kubeconfig = info["kubeconfig"]
        self.nodes = {node["name"]: node for node in info["nodes"]}

    @property
    def shared(self):
        """The directory of the host that every node sees as /srv/shared."""
        return Path(next(iter(self.nodes.values()))["shared"])

    def ssh_argv(self, node, command):
        """The command line that runs a shell command as root on a node."""
        return [*shlex.split(self.nodes[node]["sshCommand"]), command]

    def ssh(self, node, command, seconds=_ANSWER_SECONDS, check=True):
        """What a shell command prints on a node."""
        return output(self.ssh_argv(node, command), seconds, check)

    def kubectl(self, *words, seconds=_ANSWER_SECONDS, check=True):
        """What kubectl prints."""
        return output([LAB, "kubectl", *words], seconds, check)

    def get(self, *words):
        """An object of the API server as JSON; None if there is none or no answer."""
        text = self.kubectl("get", *words, "-o", "json", check=False)
        return json.loads(text) if text else None


def conditions(thing):
    """The conditions of an object: their status by type."""
    listed = ((thing or {}).get("status") or {}).get("conditions") or []
    return {condition["type"]: condition["status"] for condition in listed}
