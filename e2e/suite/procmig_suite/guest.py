# SPDX-License-Identifier: Apache-2.0
"""One guest, as the runner sees it: a hand that does things there, and the node agent."""
import base64
import itertools
import shlex
import threading
import time
from pathlib import Path

from .errors import GuestLost, SuiteError, TooLong
from .lines import Lines

SHARED = "/srv/shared"
#: where programs work: as that, for files of every kind
FILES = "/srv/files"
#: of this runner: there, and each program in a directory of its own
PLACE = "suite"
WORK = f"{FILES}/{PLACE}"
HOME = "/opt/procmig-suite"
PROGRAMS = f"{HOME}/programs"
AGENT_ROOT = f"{HOME}/agent"
CONTROL_PORT = 7443
HEALTH = "http://127.0.0.1:7081/readyz"

_READY_SECONDS = 480
#: for the hand to say that something takes longer than it may
_GRACE_SECONDS = 10
#: for a sign of life
_ALIVE_SECONDS = 20
#: for an agent to undo what it is at, and for a hand to do what it was told last
_AGENT_END_SECONDS = 6
_HAND_END_SECONDS = 6
#: of a pod: what the DaemonSet mounts, from where
_MOUNTS = ("/proc", "/dev", "/sys", "/lib/modules", "/var/lib/procmig")


class Guest:
    def __init__(self, description, pids_from, logs, ending):
        self.name = description["name"]
        self.address = description["ip"]
        self.control_address = f"{self.address}:{CONTROL_PORT}"
        self.pids_from = pids_from
        self.ending = ending
        self._ssh = shlex.split(description["sshCommand"])
        self._hand = None
        self._hand_lock = threading.Lock()
        self._numbers = itertools.count()
        self._log = open(logs / f"{self.name}-agent.log", "a", encoding="utf-8")
        self.agent = None

    def __repr__(self):
        return self.name

    # ---- the hand ----

    def do(self, what, patience=60, **arguments):
        """Have something done in the guest; TooLong when that is all that is the matter, else GuestLost."""
        hand = self._reach()
        try:
            answer = self._ask(hand, what, patience, arguments)
        except GuestLost:
            # One order may hang by the doing of the program that it is about.
            self._ask(hand, "alive", _ALIVE_SECONDS, {})
            raise TooLong(f"{self.name}: {what} is not done within {patience} s") from None
        if "late" in answer:
            raise TooLong(f"{self.name}: {what}: {answer['late']}")
        if "error" in answer:
            raise GuestLost(f"{self.name}: {what}: {answer['error']}")
        return answer["answer"]

    def _ask(self, hand, what, patience, arguments):
        number = next(self._numbers)
        with hand.expecting(number) as answers:
            hand.send({"number": number, "do": what, "with": arguments})
            return hand.receive(answers, patience)

    def _reach(self):
        with self._hand_lock:
            if self._hand is None:
                code = base64.b64encode((Path(__file__).parent / "inguest.py").read_bytes()).decode()
                self._hand = Lines(f"{self.name}'s hand", [*self._ssh, shlex.join(
                    ["python3", "-c", f"import base64; exec(base64.b64decode('{code}'))"])],
                    lambda answer: answer["number"], self.ending)
            return self._hand

    def run(self, command, timeout=120):
        """A shell command's output; it must succeed."""
        done = self.do("run", timeout + 10, command=command, timeout=timeout)
        if done["status"]:
            raise GuestLost(f"{self.name}: '{command}' ended with {done['status']}: {done['out']}")
        return done["out"]

    def look(self, root, patience):
        """When it was started, and how it is by process; TooLong if there is too much of it."""
        seen = self._look(root, patience)
        return seen["started"], self._processes(seen)

    def whole_look(self, root, patience):
        """As `look`; None when it has ended, nothing when something of it was ending meanwhile."""
        seen = self._look(root, patience)
        if seen["started"] is None:
            return None
        return self._processes(seen) if seen["whole"] else {}

    def _look(self, root, patience):
        return self.do("look", patience + _GRACE_SECONDS, root=root, timeout=patience)

    @staticmethod
    def _processes(seen):
        """JSON has made texts of the numbers; a table of descriptors may be that of many."""
        for state in seen["processes"].values():
            if "fds" in state:
                state["fds"] = seen["tables"][state["fds"]]
        return {int(pid): state for pid, state in seen["processes"].items()}

    def runs(self, pid):
        return self.do("start_time", pid=pid) is not None

    # ---- the agent ----

    def start_agent(self, entry):
        """@entry: the words of the image's entry point."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NODE_NAME": self.name,
            "HOST_IP": self.address, "PROCMIG_ORDERS": "stdio",
            "PROCMIG_CONTROL_PORT": str(CONTROL_PORT), "PROCMIG_HEARTBEAT": "5s",
        }
        mounts = "".join(f"mkdir -p {path} {AGENT_ROOT}{path} && mount --rbind {path} {AGENT_ROOT}{path} && "
                         for path in _MOUNTS)
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()),
                 "chroot", AGENT_ROOT, *entry]
        # A mount of its own, as a container's root is: Java looks for what a file is mounted on.
        inner = f"mount --bind {AGENT_ROOT} {AGENT_ROOT} && {mounts}exec {shlex.join(words)}"
        self.agent = Lines(f"{self.name}'s agent", [*self._ssh, shlex.join(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", inner])],
            lambda told: told["metadata"].get("uid"), self.ending, self._log)

    def await_agent(self):
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            probe = self.do("get", url=HEALTH)
            if probe["status"] == 200:
                return
            if self.agent.has_ended() or time.monotonic() > deadline:
                raise SuiteError(f"the agent of {self.name} is not ready ({probe['body'].strip()}): "
                                 f"{self.agent.last_words()}; its log is {self._log.name}")
            self.ending.sleep(0.2)

    # ---- its end ----

    def forget(self):
        """What runs in the guest is about to go."""
        for connection in (self._hand, self.agent):
            if connection is not None:
                connection.close()
        self._hand = self.agent = None

    def leave(self):
        """What runs in the guest comes to its own end: first the agent, which undoes what it is at, then
        whatever is left of the programs. Takes no longer than the seconds above."""
        if self.agent is not None:
            self.agent.finish()
            self.agent.close(_AGENT_END_SECONDS)
        if self._hand is not None:
            self._hand.send({"number": next(self._numbers), "do": "clear", "with": {"folders": [HOME, WORK]}})
            self._hand.finish()
            self._hand.close(_HAND_END_SECONDS)
        self._hand = self.agent = None
