# SPDX-License-Identifier: Apache-2.0
"""Tiers side by side: who waits for whom, and what they share."""
import signal
import threading
import time
import traceback

from . import counts, step
from .step import say


class Turns:
    """A lock that serves in the order of asking: the longest lane does not wait for one that came later."""

    def __init__(self):
        self._changed = threading.Condition()
        self._asked = self._served = 0

    def __enter__(self):
        with self._changed:
            mine = self._asked
            self._asked += 1
            self._changed.wait_for(lambda: self._served == mine)

    def __exit__(self, *failure):
        with self._changed:
            self._served += 1
            self._changed.notify_all()

    def asked(self):
        """How often it was asked for."""
        with self._changed:
            return self._asked


#: two builds in one checkout write the same files
MAVEN = Turns()


class Shared:
    """What several tiers need: whoever comes first makes it, the others wait for that."""

    def __init__(self, make):
        self.__doc__ = make.__doc__
        self._make = make
        self._lock = threading.Lock()
        self._done = False
        self._failure = None

    def __call__(self):
        with self._lock:
            if self._failure:
                raise step.StepFailed(f"what it needs could not be made: {self._failure}")
            if self._done:
                return
            try:
                self._make()
            except step.StepFailed as failure:
                self._failure = str(failure).splitlines()[0]
                raise
            self._done = True


def arrange(names, lanes):
    """
    What is to be run, in order: lists of lanes that run side by side, each a list of names.
    A name that is in no lane runs alone.
    """
    order, together = [], []
    for name in names:
        at = next((number for number, lane in enumerate(lanes) if name in lane), None)
        if at is None:
            together = []
            order.append([[name]])
            continue
        if not together:
            order.append(together)
        place = next((lane for lane in together if lane[0] in lanes[at]), None)
        if place is None:
            together.append([name])
        else:
            place.append(name)
    return order


def run(lanes, tasks):
    """Run lanes side by side; the counts of every task. One that fails keeps no other from running."""
    results = {}
    threads = [threading.Thread(target=_follow, args=(lane, tasks, results), daemon=True) for lane in lanes]
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        say("interrupted; what runs is being ended")
        step.stopped.set()
        for thread in threads:
            thread.join()
    finally:
        signal.signal(signal.SIGTERM, before)
    return results


def _interrupt(number, frame):
    """SIGTERM ends a run as Ctrl-C does: what was started is ended, too."""
    raise KeyboardInterrupt


def _follow(lane, tasks, results):
    for name in lane:
        with step.spoken_by(name):
            say("starts")
            begun = time.monotonic()
            results[name] = _result(tasks[name])
            say(f"ended after {time.monotonic() - begun:.0f} s: {results[name]}")


def _result(task):
    if step.stopped.is_set():
        return counts.Counts(failed=1)
    try:
        return task()
    except step.StepFailed as failure:
        say(str(failure))
    except Exception:       # whatever it is, the other tiers go on
        say(traceback.format_exc())
    return counts.Counts(failed=1)
