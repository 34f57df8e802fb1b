# SPDX-License-Identifier: GPL-2.0-only
"""Outcomes: one line per case, a plain line of counts at the end."""
import time
import traceback


class Failed(Exception):
    """The case does not hold; the text says what was found instead."""


class Skipped(Exception):
    """The case cannot be tried here; the text says why."""


def require(condition, text):
    if not condition:
        raise Failed(text)


class Report:
    def __init__(self, only, listing):
        self.only = only
        self.listing = listing
        self.passed = self.failed = self.skipped = 0
        self.after_case = lambda error: None
        self.begin = time.monotonic()

    def wanted(self, name):
        return not self.only or self.only.search(name)

    def check(self, name, function, *arguments, **keywords):
        """Run one case.  What it raises is its verdict; others go on."""
        if not self.wanted(name):
            return
        if self.listing:
            print(name)
            return
        start = time.monotonic()
        error = None
        try:
            function(*arguments, **keywords)
        except Skipped as skipped:
            self.skipped += 1
            self._line("ok", name, start, f" # SKIP {skipped}")
        except Failed as failed:
            error = failed
        except Exception as other:      # a broken case is a failed case
            error = other
            for line in traceback.format_exc().splitlines():
                print(f"#   {line}", flush=True)
        else:
            self.passed += 1
            self._line("ok", name, start)
        if error is not None:
            self.failed += 1
            self._line("not ok", name, start)
            for line in str(error).splitlines():
                print(f"#   {line}", flush=True)
        self.after_case(error)

    def add(self, name, error):
        """Take over a verdict that was reached elsewhere."""
        start = time.monotonic()
        if error is None:
            self.passed += 1
            self._line("ok", name, start)
        else:
            self.failed += 1
            self._line("not ok", name, start, f" {error}")

    def _line(self, verdict, name, start, more=""):
        number = self.passed + self.failed + self.skipped
        print(f"{verdict} {number} - {name} ({time.monotonic() - start:.1f} s){more}", flush=True)

    def summary(self):
        if self.listing:
            return 0
        print(f"# {time.monotonic() - self.begin:.0f} s")
        print(f"guest: {self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0
