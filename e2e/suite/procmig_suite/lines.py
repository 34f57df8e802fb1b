# SPDX-License-Identifier: Apache-2.0
"""A command that talks JSON, an object per line, over ssh."""
import collections
import json
import queue
import subprocess
import threading

from .errors import GuestLost

_SAID = 40


class Lines:
    def __init__(self, name, argv, log=None):
        self.name = name
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, errors="replace")
        self._objects = queue.Queue()
        self._said = collections.deque(maxlen=_SAID)
        self._log = log
        for work in (self._read_objects, self._read_errors):
            threading.Thread(target=work, daemon=True).start()

    def _read_objects(self):
        for line in self._process.stdout:
            try:
                self._objects.put(json.loads(line))
            except ValueError:
                self._say(line)
        self._objects.put(None)

    def _read_errors(self):
        for line in self._process.stderr:
            self._say(line)

    def _say(self, line):
        self._said.append(line.rstrip("\n"))
        if self._log:
            self._log.write(line)
            self._log.flush()

    def send(self, message):
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise GuestLost(f"{self.name} has ended: {self.last_words()}") from None

    def receive(self, timeout):
        """The next object; GuestLost when none comes."""
        try:
            message = self._objects.get(timeout=max(0, timeout))
        except queue.Empty:
            raise GuestLost(f"{self.name} says nothing for {timeout:.0f} s: {self.last_words()}") from None
        if message is None:
            self._objects.put(None)
            raise GuestLost(f"{self.name} has ended: {self.last_words()}")
        return message

    def last_words(self):
        return " / ".join(list(self._said)[-4:]) or "it said nothing"

    def has_ended(self):
        return self._process.poll() is not None

    def close(self):
        # The outputs are left to their readers, which may be in the middle of them.
        self._process.kill()
        self._process.wait()
        try:
            self._process.stdin.close()
        except OSError:
            pass        # what it did not take any more
