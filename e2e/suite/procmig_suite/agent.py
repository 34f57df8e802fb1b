# SPDX-License-Identifier: Apache-2.0
"""Orders to the node agents of both guests, as the operator would give them."""
import dataclasses
import datetime
import secrets
import time

_DEADLINE = 60
_ANSWER = 90
_OVER = ("Succeeded", "Failed", "Canceled", "RolledBack")


@dataclasses.dataclass
class Outcome:
    """What both agents say of one migration; their last statuses."""

    source: dict
    target: dict
    seconds: float

    @property
    def moved(self):
        return self.source.get("phase") == self.target.get("phase") == "Succeeded"

    @property
    def intact(self):
        return self.source.get("sourceIntact", False)

    @property
    def obstacles(self):
        """Why it was refused before anything was touched."""
        return [*self.source.get("obstacles", []), *self.target.get("obstacles", [])]

    @property
    def failure(self):
        """The message of whoever knows more."""
        failures = [side["failure"] for side in (self.source, self.target) if side.get("failure")]
        if not failures:
            return f"source {self.source.get('phase')}, target {self.target.get('phase')}"
        return f"{failures[0]['reason']}: {failures[0]['message']}"

    @property
    def downtime(self):
        return self.source.get("timings", {}).get("downtime")


class Tasks:
    """The two MigrationTasks of one migration."""

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.token = secrets.token_hex(16)
        self.deadline = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=_DEADLINE)

    def object(self, side, process):
        own, peer = (self.source, self.target) if side == "Source" else (self.target, self.source)
        name = f"suite-{self.token[:8]}"
        return {
            "apiVersion": "procmig.io/v1alpha1", "kind": "MigrationTask",
            "metadata": {"namespace": "default", "name": f"{name}-{side.lower()}",
                         "uid": f"{self.token}-{side}", "generation": 1},
            "spec": {
                "migrationRef": {"name": name, "uid": self.token}, "nodeName": own.name, "role": side,
                "attempt": 1, "token": self.token, "proceed": True, "mode": "StopAndCopy",
                "peer": {"nodeName": peer.name, "controlAddress": peer.control_address},
                "process": process, "deadlineTime": self.deadline.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        }


def migrate(source, target, pid, start_time):
    """Move a process from one guest to the other; returns when both agents have closed the matter."""
    started = time.monotonic()
    tasks = Tasks(source, target)
    process = {"pid": pid, "startTimeTicks": start_time}
    arriving, leaving = tasks.object("Target", process), tasks.object("Source", process)
    with target.agent.expecting(_uid(arriving)) as told_there, source.agent.expecting(_uid(leaving)) as told_here:
        target.agent.send(arriving)
        source.agent.send(leaving)
        ended = _await(source.agent, told_here, started + _ANSWER)
        if ended["phase"] != "Succeeded":
            # A target that was not asked would wait for it.
            target.agent.send(_deleted(arriving))
        arrived = _await(target.agent, told_there, started + _ANSWER)
    seconds = time.monotonic() - started
    source.agent.send(_deleted(leaving))
    target.agent.send(_deleted(arriving))
    return Outcome(ended, arrived, seconds)


def _uid(task):
    return task["metadata"]["uid"]


def _deleted(task):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**task, "metadata": {**task["metadata"], "deletionTimestamp": now}}


def _await(agent, told, deadline):
    """The status with which a task ends."""
    while True:
        status = agent.receive(told, deadline - time.monotonic())["status"]
        if status.get("phase") in _OVER:
            return status
