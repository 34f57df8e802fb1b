# SPDX-License-Identifier: GPL-2.0-only
"""One guest: commands, processes, modules."""
import json
import shlex
import subprocess
import threading

from .report import Failed, require

HOME = "/opt/procmig"
DRIVE = f"{HOME}/procmig-drive"
STUB = f"{HOME}/procmig-stub"
MODULES = ("procmig", "procmig_memory", "procmig_files", "procmig_signals", "procmig_task",
           "procmig_socket", "procmig_loopback")


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


class Guest:
    def __init__(self, description, pids_from):
        self.name = description["name"]
        self.address = description["ip"]
        self.ssh = shlex.split(description["sshCommand"])
        self._pids_from = pids_from

    def __repr__(self):
        return self.name

    def run(self, command, *, check=True, timeout=120):
        """A shell command's output."""
        try:
            done = subprocess.run([*self.ssh, command], stdin=subprocess.DEVNULL, timeout=timeout,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name}: '{command}' did not end within {timeout} s") from None
        if check and done.returncode:
            raise Failed(f"{self.name}: '{command}' ended with {done.returncode}: "
                         f"{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def status(self, command, timeout=120):
        """(exit status, stdout and stderr together)."""
        done = subprocess.run([*self.ssh, command], stdin=subprocess.DEVNULL, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def spawn(self, name, arguments):
        return Remote(f"{self.name}: {name}", [*self.ssh, shlex.join(arguments)])

    def answers(self):
        try:
            return subprocess.run([*self.ssh, "true"], stdin=subprocess.DEVNULL, timeout=25,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    # ---- processes ----

    def start(self, arguments, *, directory="/", user=None):
        """Start a program detached from everything; its PID."""
        if user is not None:
            arguments = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
                         "--", *arguments]
        inner = (f"cd {shlex.quote(directory)} && exec env -i PATH=/usr/bin:/bin LANG=C "
                 f"{shlex.join(arguments)}")
        # Each guest has PIDs of its own, so that a process finds its number free elsewhere.
        floor = self._pids_from
        return int(self.run(
            f"last=$(cat /proc/sys/kernel/ns_last_pid); "
            f"[ $last -ge {floor} ] && [ $last -lt {floor + 9000} ] || "
            f"echo {floor} > /proc/sys/kernel/ns_last_pid; "
            f"setsid sh -c {shlex.quote(inner)} </dev/null >/dev/null 2>&1 & echo $!"))

    def exists(self, pid):
        """The process, zombies not counted."""
        return self.process_state(pid) not in ("", "Z", "X")

    def process_state(self, pid):
        # the name in parentheses may contain anything
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

    def insert_modules(self, modules=MODULES):
        for module in modules:
            self.run(f"grep -q '^{module} ' /proc/modules || insmod {HOME}/{module}.ko")

    def remove_modules(self, modules=MODULES):
        for module in reversed(modules):
            self.run(f"grep -q '^{module} ' /proc/modules && rmmod {module}; "
                     f"! grep -q '^{module} ' /proc/modules")
