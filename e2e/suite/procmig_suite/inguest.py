# SPDX-License-Identifier: Apache-2.0
"""Runs in a guest: does what the runner asks for, one JSON object per line, without a login or a
program of its own for each look at a process. Each order has a thread of its own and a number, which
its answer repeats: one that takes long, or for ever, holds up no other."""
import contextlib
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
#: of one program: a thousand threads that each start another before they end are twice that many
_MOST_TASKS = 4096
#: of the processor, where each program has 100
_HAND_WEIGHT = 500
_CGROUPS = "/sys/fs/cgroup"
#: below that, of this hand and of each program
_GROUPS = f"{_CGROUPS}/procmig-suite"
#: what a lack of memory must not end
_KEPT_FROM_OOM = -900
_CHUNK = 1 << 16
#: PF_EXITING of the flags in /proc/PID/stat
_EXITING = 0x4
_IPC = (("msg", "msqid", 1), ("sem", "semid", 2), ("shm", "shmid", 0))


def _text(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")


def _write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def _link(path, directory=None):
    try:
        return os.readlink(path, dir_fd=directory)
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


class TooLong(Exception):
    """What was asked for cannot be had in its time, and nothing else is the matter."""


class Group:
    """The control group of a program: however many processes it has, it counts as one."""

    def __init__(self, parent, program):
        self._path = f"{parent}/{program.strip('/').replace('/', '-')}"

    def make(self):
        os.makedirs(self._path, exist_ok=True)
        _write(f"{self._path}/pids.max", _MOST_TASKS)

    def enter(self):
        """Of a process that is about to run the program. The hand has threads: no more than system calls."""
        for path, value in ((f"{self._path}/cgroup.procs", b"0"), ("/proc/self/oom_score_adj", b"0")):
            file = os.open(path, os.O_WRONLY | os.O_CREAT)
            os.write(file, value)
            os.close(file)

    def kill(self):
        """All at once, also what forks faster than it can be looked for."""
        with contextlib.suppress(OSError):      # it never got so far as to have one
            _write(f"{self._path}/cgroup.kill", 1)

    def remove(self):
        with contextlib.suppress(OSError):      # it was not there, or what cannot be killed is in it
            os.rmdir(self._path)


class Descriptors:
    """Those of the processes of a look. Who was forked has its parent's, which may be hundreds for each of
    hundreds of processes: every table is told only once, and what is read of it is taken apart then."""

    def __init__(self, deadline):
        self._deadline = deadline
        self._tables = {}
        self.seen = 0

    def of(self, pid):
        """Which of the tables a process has."""
        infos = os.open(f"/proc/{pid}/fdinfo", os.O_RDONLY | os.O_DIRECTORY)
        try:
            links = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY)
            try:
                table = tuple(self._read(number, links, infos) for number in os.listdir(infos))
            finally:
                os.close(links)
        finally:
            os.close(infos)
        return self._tables.setdefault(table, len(self._tables))

    def _read(self, number, links, infos):
        self._deadline.check()
        self.seen += 1
        return number, _link(number, links), self._info(number, infos)

    @staticmethod
    def _info(number, directory):
        try:
            file = os.open(number, os.O_RDONLY, dir_fd=directory)
        except OSError:
            return b""
        try:
            info = chunk = os.read(file, _CHUNK)
            while len(chunk) == _CHUNK:
                chunk = os.read(file, _CHUNK)
                info += chunk
            return info
        except OSError:
            return b""
        finally:
            os.close(file)

    def tables(self):
        """Each as {number: what is to be said of it}."""
        return [{number: self._descriptor(link, info.decode(errors="replace").splitlines())
                 for number, link, info in table} for table in self._tables]

    @staticmethod
    def _descriptor(link, info):
        told = {"link": link}
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


class Deadline:
    def __init__(self, seconds):
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def check(self):
        if time.monotonic() > self._at:
            raise TooLong(f"more than {self._seconds} s")


class Hand:
    def __init__(self, kmsg=None, groups=_GROUPS):
        """@groups: the control group that has those of the programs."""
        self.kmsg = kmsg
        self._groups = groups

    # ---- the guest ----

    def alive(self):
        """Whether orders are carried out at all."""
        return True

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
        """Run a program until its first process has ended; its exit status, None if it has not, or why it
        cannot be run."""
        group = Group(self._groups, argv[0])
        group.make()
        with open(console, "ab") as out:
            try:
                process = subprocess.Popen(argv, cwd=directory, env=environment, start_new_session=True,
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           preexec_fn=group.enter)      # pylint: disable=subprocess-popen-preexec-fn
            except OSError as error:
                return {"refused": error.strerror}
        try:
            return {"status": process.wait(timeout), "first": process.pid}
        except subprocess.TimeoutExpired:
            tree = self.tree(process.pid)
            group.kill()
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

    def look(self, root, timeout):
        """When a program was started, None if it has ended; and everything about it that shall be
        the same after a move, by process, whose descriptors are one of the tables."""
        descriptors = Descriptors(Deadline(timeout))
        found = {}
        tree = self.tree(root)
        try:
            for pid in tree:
                with contextlib.suppress(OSError, IndexError):      # it has ended meanwhile
                    found[pid] = self._process(pid, descriptors)
        except TooLong as late:
            raise TooLong(f"{late} to look at {len(tree)} processes: {len(found)} of them have "
                          f"{descriptors.seen} descriptors") from None
        return {"started": self.start_time(root), "processes": found, "tables": descriptors.tables(),
                "whole": not self._is_ending(found)}

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

    def _process(self, pid, descriptors):
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
            looked["fds"] = descriptors.of(pid)
        return looked

    @staticmethod
    def _area(line):
        """Where, rights, offset and name; device and inode are this machine's."""
        words = line.split(None, 5)
        return [words[0], words[1], words[2], words[5] if len(words) > 5 else ""]

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
        group = Group(self._groups, program)
        group.kill()
        pids = {*pids, *self._kill(lambda path: path in (program, f"{program} (deleted)")), *self.clear(folders)}
        for pid in pids:
            self.signal(pid, signal.SIGKILL)
        left = self.await_end(pids, _END_SECONDS)
        group.remove()
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


def _stand_apart():
    """The hand has a control group of its own, as each program has, and is not what a lack of memory ends:
    no program can take all of the processor or of the process numbers from it."""
    own = f"{_GROUPS}/hand"
    os.makedirs(own, exist_ok=True)
    for group in (_CGROUPS, _GROUPS):
        _write(f"{group}/cgroup.subtree_control", "+cpu +pids")
    _write(f"{own}/cpu.weight", _HAND_WEIGHT)
    _write(f"{own}/cgroup.procs", 0)
    _write("/proc/self/oom_score_adj", _KEPT_FROM_OOM)


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
            order = json.loads(line)
            thread = threading.Thread(target=self._carry_out, args=(order,), daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._tell(order, error=str(error))
            else:
                threads.append(thread)
        deadline = time.monotonic() + self._patience
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))

    def _carry_out(self, order):
        try:
            self._tell(order, answer=getattr(self._hand, order["do"])(**order["with"]))
        except TooLong as late:
            self._tell(order, late=str(late))
        except Exception as error:      # pylint: disable=broad-except
            # Whatever it is: who is not told waits in vain.
            self._tell(order, error=f"{type(error).__name__}: {error}")

    def _tell(self, order, **what):
        line = json.dumps({"number": order["number"], **what})
        with self._lock:
            print(line, flush=True)


def main():
    _stand_apart()
    Orders(Hand(Kmsg())).take(sys.stdin)
    # Not by way of the interpreter's end, which waits for whoever holds a lock.
    os._exit(0)


if __name__ == "__main__":
    main()
