# SPDX-License-Identifier: Apache-2.0
"""Looks at a program on its source while it is being moved, the last ones when it is frozen."""
import threading

from .errors import GuestLost

_PAUSE = 0.02


class Watch:
    """Looks again and again, as long as the block lasts or until there is nothing left to see."""

    def __init__(self, look):
        """@look: everything that can be seen, None when the program has ended, nothing if that look says nothing."""
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.looks = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        try:
            while not self._over.is_set() and (seen := self._look()) is not None:
                if seen and seen not in self.looks[-1:]:
                    self.looks.append(seen)
                self._over.wait(_PAUSE)
        except GuestLost:       # the mover finds that, too, and says so
            pass
