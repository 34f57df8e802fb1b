# SPDX-License-Identifier: Apache-2.0
"""Runs in a guest: does what the runner asks for, one JSON object per line, without a login or a
program of its own for each look at a process. Each order has a thread of its own and a number, which
its answer repeats: one that takes long, or for ever, holds up no other."""
import ctypes
import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

#: lines of fdinfo that are the same on another machine; the rest are numbers of this one
_COMPARABLE = ("pos", "flags", "lock", "eventfd-count", "sigmask", "clockid", "settime flags",
               "it_interval", "seals", "Pid")
_STATUS = ("Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm",
           "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
_END_SECONDS = 5
_IDLE_SECONDS = 10
#: what is still being done when the runner has gone
_LAST_SECONDS = 8
_MOST_TASKS = 1000
#: PF_EXITING of the flags in /proc/PID/stat
_EXITING = 0x4
_IPC = (("msg", "msqid", 1), ("sem", "semid", 2), ("shm", "shmid", 0))


def _text(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")


def _link(path):
    try:
        return os.readlink(path)
    except OSError as error:
        return f"unreadable: {errno.errorcode.get(error.errno)}"


def _numbers(directory):
    return sorted(int(name) for name in os.listdir(directory) if name.isdigit())


def _stat(pid):
    """(comm, the fields after it): the name may hold anything."""
    head, _, tail = _text(f"/proc/{pid}/stat").rpartition(")")
    return head.partition("(")[2], tail.split()


class Kmsg:
    """The kernel's log from now on."""

    def __init__(self):
        self._file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._file, 0, os.SEEK_END)

    def lines(self):
        lines = []
        while True:
            try:
                record = os.read(self._file, 8192).decode(errors="replace")
            except BlockingIOError:
                return lines
            except BrokenPipeError:     # overwritten before it was read
                continue
            lines.append(record.partition(";")[2].splitlines()[0])


class Hand:
    def __init__(self):
        self.kmsg = Kmsg()

    # ---- the guest ----

    def run(self, command, timeout=120):
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return {"status": done.returncode, "out": done.stdout.decode(errors="replace").strip()}

    def get(self, url):
        """Status and body of a probe; 0 when nobody listens yet."""
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return {"status": answer.status, "body": answer.read().decode()}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "body": error.read().decode(errors="replace")}
        except OSError as error:
            return {"status": 0, "body": str(error)}

    def kernel_log(self):
        return self.kmsg.lines()

    def pids_from(self, number):
        """The next process gets a number after this one."""
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(number))

    def workers(self):
        """Threads that the modules have at work."""
        return [pid for pid in _numbers("/proc") if self._comm(pid).startswith("procmig/")]

    @staticmethod
    def _comm(pid):
        try:
            return _text(f"/proc/{pid}/comm").strip()
        except OSError:
            return ""

    # ---- one program ----

    def start(self, argv, directory, console, environment, timeout):
        """Run a program until its first process has ended; its exit status, None if it has not."""
        with open(console, "ab") as out:
            process = subprocess.Popen(argv, cwd=directory, env=environment, start_new_session=True,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            return {"status": process.wait(timeout), "first": process.pid}
        except subprocess.TimeoutExpired:
            tree = self.tree(process.pid)
            for pid in tree:
                self.signal(pid, signal.SIGKILL)
            self.await_end(tree, _END_SECONDS)      # who survives that is found when it is tidied up
            process.poll()
            return {"status": None, "first": process.pid}

    def tree(self, root):
        """The process, its descendants, and who else is in a session that one of them leads."""
        parents, sessions = {}, {}
        for pid in _numbers("/proc"):
            try:
                _, fields = _stat(pid)
            except (OSError, IndexError):
                continue
            parents.setdefault(int(fields[1]), []).append(pid)
            sessions.setdefault(int(fields[3]), []).append(pid)
        found, todo = set(), [root]
        while todo:
            pid = todo.pop()
            if pid in found or not os.path.exists(f"/proc/{pid}"):
                continue
            found.add(pid)
            todo += parents.get(pid, [])
            todo += sessions.get(pid, [])
        return sorted(found)

    def present(self, pids):
        """State of each that exists, by number."""
        states = {}
        for pid in pids:
            try:
                states[pid] = _stat(pid)[1][0]
            except (OSError, IndexError):
                continue
        return states

    def start_time(self, pid):
        """In clock ticks; None if it has ended."""
        try:
            state, *fields = _stat(pid)[1]
        except (OSError, ValueError):
            return None
        return None if state in "ZX" else int(fields[18])

    def look(self, root):
        """When a program was started, None if it has ended; and everything about it that shall be
        the same after a move, by process."""
        found = {}
        for pid in self.tree(root):
            try:
                found[pid] = self._process(pid)
            except (OSError, IndexError):       # it has ended meanwhile
                continue
        return {"started": self.start_time(root), "processes": found, "whole": not self._is_ending(found)}

    @staticmethod
    def _is_ending(pids):
        """Whether one has begun to end: what was seen of it may be what its end has left."""
        for pid in pids:
            try:
                state, *fields = _stat(pid)[1]
            except (OSError, IndexError):
                return True
            if state != "Z" and int(fields[5]) & _EXITING:
                return True
        return False

    def _process(self, pid):
        at = f"/proc/{pid}"
        comm, fields = _stat(pid)
        status = dict(line.split(":", 1) for line in _text(f"{at}/status").splitlines() if ":" in line)
        looked = {
            "state": fields[0] if fields[0] in "TtZ" else "alive",
            "name": comm,
            "parent": int(fields[1]), "group": int(fields[2]), "session": int(fields[3]),
            "threads": _numbers(f"{at}/task"),
            **{name: status[name].strip() for name in _STATUS if name in status},
        }
        if fields[0] == "Z":
            # It can do nothing any more that they would allow.
            looked.pop("Groups", None)
        else:
            looked["cwd"], looked["root"], looked["exe"] = (_link(f"{at}/{n}") for n in ("cwd", "root", "exe"))
            looked["limits"] = _text(f"{at}/limits")
            looked["oom_score_adj"] = _text(f"{at}/oom_score_adj").strip()
            looked["maps"] = [self._area(line) for line in _text(f"{at}/maps").splitlines()]
            looked["fds"] = {number: self._descriptor(at, number) for number in _numbers(f"{at}/fd")}
        return looked

    @staticmethod
    def _area(line):
        """Where, rights, offset and name; device and inode are this machine's."""
        words = line.split(None, 5)
        return [words[0], words[1], words[2], words[5] if len(words) > 5 else ""]

    @staticmethod
    def _descriptor(at, number):
        try:
            info = _text(f"{at}/fdinfo/{number}").splitlines()
        except OSError:
            info = []
        told = {"link": _link(f"{at}/fd/{number}")}
        for line in info:
            name, _, value = line.partition(":")
            if name == "tfd":
                value = re.match(r"\s*(\d+) events:\s*(\S+) data:\s*(\S+)", value)
                told.setdefault("watches", []).append(value.groups() if value else line)
            elif name.startswith("inotify wd"):
                told.setdefault("watches", []).append(re.findall(r"(?:wd|mask):(\S+)", line))
            elif name == "lock":
                # 1: POSIX ADVISORY WRITE pid device:inode first last
                told.setdefault("locks", []).append(value.split()[1:5] + value.split()[6:])
            elif name in _COMPARABLE:
                told[name] = value.strip()
        # the kernel keeps them by address: their order means nothing
        told.get("watches", []).sort()
        return told

    def signal(self, pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def end(self, pid, number, timeout):
        """Signal a process; its state if it is still there after that time."""
        self.signal(pid, number)
        return self.await_end([pid], timeout)

    def await_end(self, pids, timeout):
        """States of those that are still there, zombies not counted."""
        deadline = time.monotonic() + timeout
        while True:
            left = {pid: state for pid, state in self.present(pids).items() if state not in "ZX"}
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)

    # ---- after it ----

    def clear(self, folders):
        """Kill whatever runs a program below a folder or works there, also what forks meanwhile, and wait
        for its end. What a script is cannot be told by the program that it runs."""
        return self._kill(lambda path: any(path.startswith(f"{folder}/") for folder in folders), ("exe", "cwd"))

    def _kill(self, chosen, links=("exe",)):
        deadline = time.monotonic() + _END_SECONDS
        every = set()
        while found := [pid for pid in _numbers("/proc")
                       if any(chosen(_link(f"/proc/{pid}/{link}")) for link in links)]:
            for pid in found:
                self.signal(pid, signal.SIGKILL)
            every.update(found)
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        return sorted(every)

    def tidy(self, pids, program, folders=()):
        """Kill what is left of a program: who survives that. With @folders, where no other program is in
        its midst, whatever runs from there or works there is killed too and all System V objects are removed; then
        what the modules still have at work is told too."""
        pids = {*pids, *self._kill(lambda path: path in (program, f"{program} (deleted)")), *self.clear(folders)}
        for pid in pids:
            self.signal(pid, signal.SIGKILL)
        left = self.await_end(pids, _END_SECONDS)
        if folders:
            for kind, number in self._ipc_objects():
                _remove_ipc(kind, number)
        return {"left": {pid: f"{state} {self._stack(pid)}" for pid, state in left.items()},
                "workers": self._idle(_IDLE_SECONDS) if folders else []}

    def _idle(self, timeout):
        """The threads that the modules still have at work after that time."""
        deadline = time.monotonic() + timeout
        while (found := self.workers()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    @staticmethod
    def _stack(pid):
        try:
            return " < ".join(line.split()[-1] for line in _text(f"/proc/{pid}/stack").splitlines())
        except OSError:
            return ""

    @staticmethod
    def _ipc_objects():
        found = set()
        for kind, column, _ in _IPC:
            lines = _text(f"/proc/sysvipc/{kind}").splitlines()
            at = lines[0].split().index(column)
            found |= {(kind, int(line.split()[at])) for line in lines[1:]}
        return found


def _remove_ipc(kind, number):
    remove = 0      # IPC_RMID
    libc = ctypes.CDLL(None)
    if kind == "sem":
        libc.semctl(number, 0, remove)
    elif kind == "msg":
        libc.msgctl(number, remove, None)
    else:
        libc.shmctl(number, remove, None)


def _enter_group():
    """Out of the login's control group into one of our own, with room for programs but not for bombs."""
    group = "/sys/fs/cgroup/procmig-suite"
    os.makedirs(group, exist_ok=True)
    for name, value in (("pids.max", _MOST_TASKS), ("cgroup.procs", 0)):
        with open(f"{group}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))


class Orders:
    """Those of the runner, until it has no more."""

    def __init__(self, hand, patience=_LAST_SECONDS):
        self._hand = hand
        self._patience = patience
        self._lock = threading.Lock()

    def take(self, lines):
        """Carry out all; what does not end is left alone."""
        threads = []
        for line in lines:
            threads = [thread for thread in threads if thread.is_alive()]
            threads.append(threading.Thread(target=self._carry_out, args=(json.loads(line),), daemon=True))
            threads[-1].start()
        deadline = time.monotonic() + self._patience
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))

    def _carry_out(self, order):
        answer = {"number": order["number"]}
        try:
            answer["answer"] = getattr(self._hand, order["do"])(**order["with"])
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        with self._lock:
            print(json.dumps(answer), flush=True)


def main():
    _enter_group()
    Orders(Hand()).take(sys.stdin)
    # Not by way of the interpreter's end, which waits for whoever holds a lock.
    os._exit(0)


if __name__ == "__main__":
    main()
