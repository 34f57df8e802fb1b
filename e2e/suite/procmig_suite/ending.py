# SPDX-License-Identifier: Apache-2.0
"""The wish that a run end, which every wait heeds: a signal's handler must not raise wherever the
program happens to be, or an answer that is on its way is taken for that to the next question."""
import os
import threading
import time

from .errors import Interrupted

#: how long a wait does not know yet
SLICE = 0.2


class Ending:
    def __init__(self):
        # No lock: the handler of a signal may run while its own thread holds it.
        self.wanted = False

    def want(self):
        self.wanted = True

    def check(self):
        if self.wanted:
            raise Interrupted

    def slices(self, seconds):
        """How long to wait next, again and again until @seconds are over."""
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            left = deadline - time.monotonic()
            yield max(0, min(SLICE, left))
            if left <= 0:
                return

    def sleep(self, seconds):
        for patience in self.slices(seconds):
            time.sleep(patience)

    def join(self, threads):
        """Until all threads have ended; they may have ended because the run is to."""
        for thread in threads:
            while thread.is_alive():
                self.check()
                thread.join(SLICE)
        self.check()

    def enforce(self, seconds, last, status):
        """End this process so long after the wish, whatever it is stuck in; @last is called before."""
        def watch():
            while not self.wanted:
                time.sleep(SLICE)
            time.sleep(seconds)
            try:
                last()
            finally:
                os._exit(status)
        threading.Thread(target=watch, daemon=True).start()
