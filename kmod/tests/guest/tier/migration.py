# SPDX-License-Identifier: GPL-2.0-only
"""Both sides of a migration, each driven by procmig-drive in its guest."""
import json

from .guest import DRIVE, STUB
from .report import require

UNDECIDED = 3


class Side:
    """One procmig-drive that runs."""

    def __init__(self, guest, role, arguments):
        self.guest = guest
        self.role = role
        self.remote = guest.spawn(f"drive {role}", [DRIVE, role, *map(str, arguments)])
        self.status = None
        self.answer = None

    def await_point(self, point, timeout=60):
        self.remote.await_line(lambda line: line == f"procmig-drive: {self.role}: {point}", timeout)

    def reached(self, point):
        return f"procmig-drive: {self.role}: {point}" in self.remote.errors

    def port(self):
        line = self.remote.await_line(lambda line: "listening on port" in line)
        return int(line.split()[-1])

    def pid(self):
        """Of procmig-drive itself, in its guest."""
        return int(self.remote.await_line(lambda line: "drive: process " in line).split()[-1])

    def kill(self, signal="KILL"):
        self.guest.kill(self.pid(), signal)

    def result(self, timeout=120):
        if self.answer is None:
            self.status, out = self.remote.result(timeout)
            lines = [line for line in out.splitlines() if line.startswith("{")]
            self.answer = json.loads(lines[-1]) if lines else {}
        return self.answer

    def why(self):
        """What it has to say for itself, in a line."""
        a = self.answer or {}
        parts = [f"{self.role} exit {self.status}", a.get("state", "no state"),
                 a.get("step_message") or a.get("message") or "",
                 f"stub: {a['stub'].strip()}" if "error=" in a.get("stub", "") else ""]
        if not a:
            parts.append(" / ".join(self.remote.errors[-4:]))
        return ", ".join(part for part in parts if part)


class Migration:
    def __init__(self, tier, pid, source, target, *, source_options=(), target_options=(),
                 options=(), token=None):
        self.tier = tier
        self.token = token or tier.token()
        for program in tier.programs:
            if program.pid == pid:
                program.tokens.append(self.token)
        common = ["--pid", pid, "--token", self.token, "--timeout-ms", 60000, *options]
        self.target = Side(target, "target", [*common, "--listen", 0, "--stub", STUB,
                                              *target_options])
        self.source = Side(source, "source", [*common, "--connect",
                                              f"{target.address}:{self.target.port()}",
                                              *source_options])

    def finish(self, timeout=120):
        self.source.result(timeout)
        if self.source.status and not self.source.reached("connected"):
            self.target.kill()      # it would wait for a source that does not come
        self.target.result(timeout)
        return self

    def succeeded(self):
        self.finish()
        require(self.source.status == 0 and self.target.status == 0,
                f"{self.source.why()}; {self.target.why()}")
        require(self.source.answer["state"] == self.target.answer["state"] == "FINISHED",
                f"{self.source.why()}; {self.target.why()}")
        require(self.source.answer["bytes_done"] == self.target.answer["bytes_done"],
                f"{self.source.answer['bytes_done']} bytes were sent, "
                f"{self.target.answer['bytes_done']} received")
        return self

    # ---- what an agent does after it has lost its peer or itself ----

    def state(self, side):
        """The request's state, None when the kernel does not know the token."""
        answer = side.guest.drive("status", "--token", self.token, check=False)
        if answer.get("step_error_name") == "ENOENT":
            return None
        require("state" in answer, f"{side.guest}: status: {answer}")
        return answer["state"]

    def order(self, side, order):
        answer = side.guest.drive("attach", "--token", self.token, "--order", order)
        return answer["state"]

    def settle(self):
        """Decide what is open by asking both sides; the guest that keeps the process."""
        source = self.state(self.source)
        target = self.state(self.target)
        if source == "COMMITTED":
            return self._settle_committed(target)
        require(source in (None, "ABORTED", "FINISHED"), f"the source is still {source}")
        if target == "READY":
            require(self.order(self.target, "abort") == "ABORTED", "READY was not undone")
            return self.source.guest
        if target == "RUNNING":
            require(self.order(self.target, "finish") == "FINISHED", "RUNNING did not finish")
            return self.target.guest
        require(target in (None, "ABORTED", "FINISHED"), f"the target is still {target}")
        finished = (self.source.answer or {}).get("state") == "FINISHED" or \
            (self.target.answer or {}).get("state") == "FINISHED"
        return self.target.guest if finished else self.source.guest


    def _settle_committed(self, target):
        require(target in ("READY", "RUNNING", "ABORTED", None), f"source COMMITTED, target {target}")
        # What the kernel has forgotten is in the target agent's record, its last line.
        record = target or (self.target.answer or {}).get("state")
        if record == "ABORTED":
            answer = self.source.guest.drive("attach", "--token", self.token, "--order", "abort",
                                             "--never-ran")
            require(answer["state"] == "ABORTED", f"the source was not given back: {answer}")
            return self.source.guest
        if target == "READY":
            require(self.order(self.target, "commit") == "RUNNING", "READY did not run")
        if target:
            require(self.order(self.target, "finish") == "FINISHED", "RUNNING did not finish")
        else:
            require(record == "FINISHED", "the source is COMMITTED and nothing tells what the target did")
        require(self.order(self.source, "finish") == "FINISHED", "COMMITTED did not finish")
        return self.target.guest


def migrate(tier, pid, source, target, **keywords):
    """There, and successful."""
    return Migration(tier, pid, source, target, **keywords).succeeded()


def nothing_left(*guests):
    for guest in guests:
        threads, _, info = guest.run("cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^procmig/'; "
                                     f"{DRIVE} info 2>/dev/null").partition("\n")
        require(threads == "0", f"{guest}: {threads} worker threads are left")
        requests = json.loads(info)["requests"]
        require(requests == 0, f"{guest}: {requests} requests are left")


def foretold(tier, program, *expected, selection="tree", source=None, target=None):
    """What the target says before anything is frozen against what the source claims there."""
    _, summary = (source or tier.a).inspect(program.pid, "--select", selection)
    obstacles = (target or tier.b).admit(summary["claims"])
    texts = [o["text"] for o in obstacles]
    for words in expected:
        require(any(words in text for text in texts), f"expected '{words}' in: {texts}")
    require(expected or not texts, f"the target has everything, and says: {texts}")
    return obstacles
