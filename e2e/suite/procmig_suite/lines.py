# SPDX-License-Identifier: Apache-2.0
"""A command that talks JSON, an object per line, over ssh; several may talk to it at once."""
import collections
import contextlib
import json
import queue
import subprocess
import threading

from .errors import GuestLost

_SAID = 40


class Lines:
    def __init__(self, name, argv, topic, ending, log=None):
        """@topic: what an object is about; who expects that topic gets it, and nobody any other."""
        self.name = name
        # A session of its own: Ctrl-C at a terminal is for the runner alone.
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, errors="replace",
                                         start_new_session=True)
        self._topic = topic
        self._ending = ending
        self._orders = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._expected = {}
        self._over = False
        self._said = collections.deque(maxlen=_SAID)
        self._log = log
        for work in (self._read_objects, self._read_errors, self._write_orders):
            threading.Thread(target=work, daemon=True).start()

    # ---- its three streams, each in a thread: none of them can hold up the runner ----

    def _read_objects(self):
        with self._process.stdout as lines:
            for line in lines:
                try:
                    self._deliver(json.loads(line))
                except (ValueError, LookupError, TypeError, AttributeError):
                    self._say(line)
        with self._lock:
            self._over = True
            for box in self._expected.values():
                box.put(None)

    def _deliver(self, message):
        with self._lock:
            box = self._expected.get(self._topic(message))
            if box:
                box.put(message)

    def _read_errors(self):
        with self._process.stderr as lines:
            for line in lines:
                self._say(line)

    def _write_orders(self):
        with contextlib.suppress(OSError), self._process.stdin as orders:    # its end shows in what it says
            while (line := self._orders.get()) is not None:
                orders.write(line)
                orders.flush()

    def _say(self, line):
        self._said.append(line.rstrip("\n"))
        if self._log:
            self._log.write(line)
            self._log.flush()

    # ---- talking ----

    @contextlib.contextmanager
    def expecting(self, topic):
        """Within, what is said about @topic is kept for `receive`."""
        with self._lock:
            box = self._expected[topic] = queue.SimpleQueue()
            if self._over:
                box.put(None)
        try:
            yield box
        finally:
            with self._lock:
                del self._expected[topic]

    def send(self, message):
        self._orders.put(json.dumps(message) + "\n")

    def receive(self, box, timeout):
        """The next object of a topic; GuestLost when none comes."""
        message = self._next(box, timeout)
        if message is None:
            raise GuestLost(f"{self.name} has ended: {self.last_words()}")
        return message

    def _next(self, box, timeout):
        for patience in self._ending.slices(timeout):
            with contextlib.suppress(queue.Empty):
                return box.get(timeout=patience)
        raise GuestLost(f"{self.name} says nothing for {max(0, timeout):.0f} s: {self.last_words()}")

    def last_words(self):
        return " / ".join(list(self._said)[-4:]) or "it said nothing"

    # ---- its end ----

    def has_ended(self):
        return self._process.poll() is not None

    def finish(self):
        """Nothing more will be said to it: it comes to an end of its own, in its time."""
        self._orders.put(None)

    def close(self, patience=0):
        """Ended, or killed after @patience seconds; true if it ended by itself."""
        try:
            self._process.wait(patience)
            ended = True
        except subprocess.TimeoutExpired:
            self._process.kill()
            ended = False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        # Its streams are left to their threads, which may be in the middle of them.
        self._orders.put(None)
        return ended
