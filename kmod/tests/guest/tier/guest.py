# SPDX-License-Identifier: GPL-2.0-only
"""One guest: commands, processes, modules."""
import json
import os
import re
import secrets
import select
import shlex
import subprocess
import threading
import time

from .report import Failed, require

HOME = "/opt/procmig"
DRIVE = f"{HOME}/procmig-drive"
STUB = f"{HOME}/procmig-stub"
KINDS = ("procmig_pipe", "procmig_eventfd", "procmig_timerfd", "procmig_signalfd", "procmig_epoll",
         "procmig_inotify", "procmig_memfd", "procmig_mqueue", "procmig_pidfd", "procmig_pty", "procmig_shmem",
         "procmig_net")
MODULES = ("procmig", "procmig_files", "procmig_ipc", "procmig_memory", "procmig_signals", "procmig_task",
           *KINDS, "procmig_socket", "procmig_loopback")


class Remote:
    """A command that goes on in a guest while the case does other things."""

    def __init__(self, name, argv):
        self.name = name
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.errors = []
        self._more = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._more:
                self.errors.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def await_line(self, matches, timeout=60):
        """The first line of stderr for which @matches holds."""
        with self._more:
            self._more.wait_for(lambda: self._ended or any(map(matches, self.errors)), timeout)
            for line in self.errors:
                if matches(line):
                    return line
        raise Failed(f"{self.name}: the line that was waited for did not come; "
                     f"it said: {' / '.join(self.errors[-6:])}")

    def result(self, timeout=120):
        """(exit status, stdout); a command that does not end is a failure."""
        try:
            out = self.process.stdout.read() if self._wait(timeout) else ""
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self._reader.join(timeout=10)
        return self.process.returncode, out

    def _wait(self, timeout):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {timeout} s; it said: "
                         f"{' / '.join(self.errors[-6:])}") from None
        return True


class Shell:
    """One shell in a guest for all the short commands: a login per command takes longer than it."""

    def __init__(self, argv):
        self._process = subprocess.Popen([*argv, "exec bash"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._rest = b""

    def run(self, command, timeout):
        """(exit status, stdout and stderr); TimeoutError when it does not end."""
        mark = secrets.token_hex(8)
        script = f"( {command}\n) </dev/null 2>&1\necho \"{mark} $?\"\n"
        try:
            self._process.stdin.write(script.encode())
            self._process.stdin.flush()
        except OSError as error:
            raise ConnectionError("the shell is gone") from error
        deadline = time.monotonic() + timeout
        while not (found := re.search(rb"(?:^|(?s:.*))%s (\d+)\n" % mark.encode(), self._rest)):
            self._read(deadline)
        out, self._rest = self._rest[:self._rest.index(mark.encode())], self._rest[found.end():]
        return int(found[1]), out.decode(errors="replace").strip()

    def _read(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
            raise TimeoutError
        data = os.read(self._process.stdout.fileno(), 1 << 16)
        if not data:
            raise ConnectionError("the shell is gone")
        self._rest += data

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


class Guest:
    def __init__(self, description, pids_from):
        self.name = description["name"]
        self.address = description["ip"]
        self.ssh = shlex.split(description["sshCommand"])
        self._pids_from = pids_from
        self._shell = None

    def __repr__(self):
        return self.name

    def status(self, command, timeout=120):
        """(exit status, stdout and stderr together) of a shell command."""
        if self._shell is None:
            self._shell = Shell(self.ssh)
        try:
            return self._shell.run(command, timeout)
        except (TimeoutError, ConnectionError) as error:
            self.forget()
            raise Failed(f"{self.name}: '{command}' did not end within {timeout} s"
                         if isinstance(error, TimeoutError) else
                         f"{self.name}: '{command}': {error}") from None

    def forget(self):
        """The machine is about to go, or the shell hangs."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def run(self, command, *, timeout=120):
        """A shell command's output; it must succeed."""
        status, out = self.status(command, timeout)
        if status:
            raise Failed(f"{self.name}: '{command}' ended with {status}: {out}")
        return out

    def spawn(self, name, arguments):
        return Remote(f"{self.name}: {name}", [*self.ssh, shlex.join(arguments)])

    # ---- processes ----

    def start(self, arguments, *, directory="/", user=None):
        """Start a program detached from everything; its PID."""
        if user is not None:
            arguments = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
                         "--", *arguments]
        # Nice: what the cases ask the guest comes first.
        inner = (f"cd {shlex.quote(directory)} && exec nice -n 10 env -i PATH=/usr/bin:/bin LANG=C "
                 f"{shlex.join(arguments)}")
        # Each guest has PIDs of its own, so that a process finds its number free elsewhere.
        floor = self._pids_from
        return int(self.run(
            f"last=$(cat /proc/sys/kernel/ns_last_pid); "
            f"[ $last -ge {floor} ] && [ $last -lt {floor + 9000} ] || "
            f"echo {floor} > /proc/sys/kernel/ns_last_pid; "
            f"setsid sh -c {shlex.quote(inner)} </dev/null >/dev/null 2>&1 & echo $!"))

    def start_time(self, pid):
        """Field 22 of stat; the name in field 2 may contain anything."""
        return int(self.run(f"cat /proc/{pid}/stat").rpartition(")")[2].split()[19])

    def exists(self, pid):
        """The process, zombies not counted."""
        return self.process_state(pid) not in ("", "Z", "X")

    def await_gone(self, pid, timeout=20):
        """After a signal that ends it; a task that cannot be killed is a failure."""
        deadline = time.monotonic() + timeout
        while self.exists(pid):
            if time.monotonic() > deadline:
                raise Failed(f"{self.name}: pid {pid} is still there, state {self.process_state(pid)}: "
                             f"{self.run(f'cat /proc/{pid}/stack; true')}")
            time.sleep(0.05)

    def end(self, pid):
        """Kill it and its group, and wait for that, in one command: hundreds of cases do so."""
        status, _ = self.status(f"kill -KILL {pid} 2>/dev/null; kill -KILL -- -{pid} 2>/dev/null; "
                                f"for ((i = 0; i < 400; i++)); do [ -e /proc/{pid} ] || "
                                f"kill -0 -- -{pid} 2>/dev/null || exit 0; sleep 0.05; done; exit 1")
        if status:
            self.await_gone(pid)

    def process_state(self, pid):
        return self.run(f"sed 's/.*) //; s/ .*//' /proc/{pid}/stat 2>/dev/null; true")

    def kill(self, pid, signal="KILL"):
        self.run(f"kill -{signal} {pid} 2>/dev/null; true")

    # ---- procmig ----

    def drive(self, *arguments, check=True):
        """A command of procmig-drive that asks; its last line as JSON."""
        status, out = self.status(shlex.join([DRIVE, *map(str, arguments)]))
        lines = [line for line in out.splitlines() if line.startswith("{")]
        if check and status:
            raise Failed(f"{self.name}: procmig-drive {' '.join(map(str, arguments))}: {out}")
        return json.loads(lines[-1]) if lines else {}

    def requests(self):
        return self.drive("info")["requests"]

    def inspect(self, pid, *arguments):
        """(obstacles, summary)"""
        _, out = self.status(shlex.join([DRIVE, "inspect", "--pid", str(pid), *arguments]))
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        require(lines, f"{self.name}: inspect {pid} said: {out}")
        return [line for line in lines if "obstacle" in line], lines[-1]

    def admit(self, claims):
        """Obstacles here to the claims that the summary of an inspection elsewhere has."""
        _, out = self.status(shlex.join([DRIVE, "admit", "--claims", claims]))
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        require(lines and "command" in lines[-1], f"{self.name}: admit said: {out}")
        return [line for line in lines if "obstacle" in line]

    def insert_modules(self, modules=MODULES):
        self.run(" && ".join(f"{{ grep -q '^{module} ' /proc/modules || insmod {HOME}/{module}.ko; }}"
                             for module in modules))

    def with_users(self, module):
        """The module and all that need it, in the order of insertion."""
        found = due = {module}
        while due:
            due = set(self.run("ls " + " ".join(f"/sys/module/{name}/holders" for name in sorted(due)) +
                               " | grep procmig_ | grep -v :; true").split()) - found
            found = found | due
        return [name for name in MODULES if name in found]

    def remove_modules(self, modules=MODULES):
        self.run(" && ".join(f"{{ ! grep -q '^{module} ' /proc/modules || rmmod {module}; }}"
                             for module in reversed(modules)))
