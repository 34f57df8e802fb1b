# SPDX-License-Identifier: Apache-2.0
"""Long work that is never silent, never endless, and says where its log is when it fails."""

import subprocess
import sys
import threading
import time

_HEARTBEAT_SECONDS = 10
_TAIL_LINES = 15
_LINE_WIDTH = 110


class StepError(Exception):
    """What failed; `log` is the file that tells more."""

    def __init__(self, what, log=None):
        super().__init__(what)
        self.what = what
        self.log = log

    def __str__(self):
        return f"{self.what}; see {self.log}" if self.log else self.what


class Steps:
    """Progress lines with the time since the start, and commands that run under a deadline."""

    def __init__(self, name, logs):
        self.name = name
        self.logs = logs
        self.started = time.monotonic()
        logs.mkdir(parents=True, exist_ok=True)

    def say(self, text):
        """One line of progress."""
        print(f"[{time.monotonic() - self.started:6.1f}s] {text}", flush=True)

    def run(self, title, argv, seconds, cwd=None, env=None):
        """Run a command with its output in a log; return its output."""
        log = self.logs / f"{self.name}-{title.replace(' ', '-').replace('/', '-')}.log"
        begun = time.monotonic()
        self.say(f"{title} …")
        with open(log, "wb") as out:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                     cwd=cwd, env=env)
            try:
                self._attend(child, title, log, begun, seconds)
            except BaseException:
                child.kill()
                child.wait()
                raise
        text = log.read_text(errors="replace")
        if child.returncode:
            for line in text.splitlines()[-_TAIL_LINES:]:
                print(f"    {line}", file=sys.stderr, flush=True)
            raise StepError(f"{title}: `{' '.join(map(str, argv))}` ended with status {child.returncode}", log)
        took = time.monotonic() - begun
        if took > 1:
            self.say(f"{title}: done in {took:.1f} s")
        return text

    def _attend(self, child, title, log, begun, seconds):
        while True:
            left = begun + seconds - time.monotonic()
            try:
                child.wait(timeout=max(0.01, min(_HEARTBEAT_SECONDS, left)))
                return
            except subprocess.TimeoutExpired:
                spent = time.monotonic() - begun
                if spent >= seconds:
                    raise StepError(f"{title}: not done after {seconds} s", log) from None
                self.say(f"{title}: {spent:.0f} s so far{_last_line(log)}")

    def wait_until(self, title, probe, seconds, interval=1.0, log=None):
        """Ask `probe` until it answers (true, …); its second answer says what it saw. Return the last answer."""
        begun = told = time.monotonic()
        pause = threading.Event()
        while True:
            done, seen = probe()
            now = time.monotonic()
            if done:
                return seen
            if now - begun > seconds:
                raise StepError(f"{title}: not so after {seconds} s: {seen}", log)
            if now - told >= _HEARTBEAT_SECONDS:
                told = now
                self.say(f"{title}: {now - begun:.0f} s so far: {seen}")
            pause.wait(interval)


def _last_line(log):
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f": {lines[-1].strip()[:_LINE_WIDTH]}" if lines else ""
