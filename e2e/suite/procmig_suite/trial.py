# SPDX-License-Identifier: Apache-2.0
"""One program: started, moved to and fro, ended; and what is to be said of it."""
import dataclasses
import enum
import time

from . import agent, categories, comparison
from .errors import GuestLost, TooLong
from .guest import PROGRAMS, WORK
from .program import LOOKS, NotStarted, Program, last_lines
from .watch import Watch

#: between two looks at what a program changes by itself
_PAUSE = 0.1
_GONE_SECONDS = 10
_CALM_SECONDS = 1.5
_WORK_SECONDS = 60


class Fate(enum.Enum):
    """What became of a program, from best to worst."""

    PASSED = "passed"
    SKIPPED = "skipped"
    REFUSED = "refused at preflight"
    ROLLED_BACK = "rolled back"
    CHANGED = "changed by the move"
    FAILED = "program failed after the move"
    DOUBLED = "still on the source"
    LOST = "lost"
    KERNEL = "kernel fault"
    BROKEN = "guest lost"


@dataclasses.dataclass
class Verdict:
    """The fate of one program, and why in a line."""

    name: str
    category: str
    fate: Fate
    reason: str = ""
    hops: int = 0
    seconds: float = 0
    downtimes: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)

    def __str__(self):
        notes = "".join(f"; {note}" for note in self.notes)
        return f"{self.fate.value}: {self.reason}{notes}" if self.reason else self.fate.value + notes


class Ended(Exception):
    """The trial is decided before its last hop."""

    def __init__(self, fate, reason):
        super().__init__(reason)
        self.fate = fate
        self.reason = reason


class Trial:
    def __init__(self, suite, name, hops, alone=True):
        """@alone: no other program is in the guests."""
        self.suite = suite
        self.hops = hops
        self.alone = alone
        self.program = Program(name, *suite.work_directory(name), suite.environment, suite.patience)
        self.verdict = Verdict(name, suite.category(name), Fate.PASSED)
        self.here, self.there = suite.guests
        self.pids = set()
        #: a move of it has been begun
        self.touched = False
        #: it had more memory after a move than before, which it may have taken itself: as long as the
        #: next move does not show that again
        self.grew = self.owes_a_move = False

    def run(self):
        """The verdict; GuestLost when a guest has to be reset before the next program."""
        started = time.monotonic()
        try:
            self._run()
        except Ended as ended:
            self.verdict.fate, self.verdict.reason = ended.fate, ended.reason
        except TooLong as late:
            self.verdict.fate = Fate.FAILED if self.touched else Fate.SKIPPED
            self.verdict.reason = f"takes too long: {late}"
        finally:
            self.verdict.seconds = time.monotonic() - started
        return self.verdict

    def _run(self):
        try:
            self.program.start(self.here)
        except NotStarted as why:
            raise Ended(Fate.SKIPPED, f"does not start in a guest: {why}") from None
        _, look = self._look(self.here)
        self.verdict.category = self.verdict.category or categories.observed(look)
        while self.verdict.hops < self.hops or self.owes_a_move:
            self.owes_a_move = False
            look = self._hop(look)
            self.here, self.there = self.there, self.here
            self.verdict.hops += 1
        said = self.program.finish(self.here)
        if said is not None:
            raise Ended(Fate.FAILED if self.verdict.hops else Fate.SKIPPED,
                        said if self.verdict.hops else f"fails without being moved: {said}")

    def _look(self, guest):
        """When the program was started, None if it has ended; and everything that can be seen of it."""
        started, look = guest.look(self.program.pid, self.program.patience)
        self.pids.update(look)
        return started, look

    # ---- one move ----

    def _hop(self, earlier):
        """Move it; @earlier is a look at it some time ago, the result the first one after its arrival."""
        self.suite.ending.sleep(_PAUSE)
        start_time, look = self._look(self.here)
        if start_time is None:
            raise Ended(Fate.FAILED if self.verdict.hops else Fate.SKIPPED, f"ended by itself: {self._last_words()}")
        self.touched = True
        with Watch(lambda: self.here.whole_look(self.program.pid, self.program.patience)) as watch:
            outcome = agent.migrate(self.here, self.there, self.program.pid, start_time)
        before = comparison.steady(earlier, look, *watch.looks)
        if not outcome.moved:
            self._not_moved(outcome)
        if outcome.downtime:
            self.verdict.downtimes.append(outcome.downtime)
        arrived = self._only_there(look)
        self._unchanged(before, arrived)
        self._works()
        return arrived

    def _not_moved(self, outcome):
        why = "; ".join(self._obstacle(o) for o in outcome.obstacles) or outcome.failure
        fate = Fate.REFUSED if outcome.obstacles else Fate.ROLLED_BACK
        present = {guest: guest.runs(self.program.pid) for guest in (self.here, self.there)}
        if not present[self.here]:
            raise Ended(Fate.LOST, f"{outcome.failure}; gone from the source"
                                   f"{', on the target' if present[self.there] else ' and not on the target'}")
        if not outcome.intact:
            self.verdict.notes.append("the agent says that the source is not intact")
        if present[self.there]:
            raise Ended(Fate.DOUBLED, f"{outcome.failure}; on both guests")
        said = self.program.finish(self.here)
        self.verdict.notes.append(f"source intact: {'PASS' if said is None else f'NO: {said}'}")
        raise Ended(fate, why)

    @staticmethod
    def _obstacle(obstacle):
        return f"{obstacle['code']}: {obstacle['message'].split('. ')[0]}"

    def _only_there(self, look):
        left = self.here.do("await_end", pids=list(look), timeout=_GONE_SECONDS)
        if left:
            raise Ended(Fate.DOUBLED, f"{left} are still on {self.here}")
        start_time, arrived = self._look(self.there)
        if start_time is None:
            if self.program.has_ended():
                raise Ended(Fate.FAILED, f"ended before SIGTERM: {self._last_words()}")
            raise Ended(Fate.LOST, f"on neither guest, and it did not end by itself: {self._last_words()}")
        return arrived

    def _unchanged(self, before, arrived):
        """What contradicts is looked at again: a program may have changed it in its normal course."""
        look = arrived
        found = comparison.changes(before, comparison.flat(look))
        deadline = time.monotonic() + _CALM_SECONDS
        while found and time.monotonic() < deadline:
            self.suite.ending.sleep(_PAUSE)
            _, again = self._look(self.there)
            moving = comparison.steady(look, again)
            before = {key: value for key, value in before.items()
                      if key in moving or key not in comparison.flat(look)}
            found = comparison.changes(before, comparison.flat(again))
        if found and not self.grew and comparison.has_only_grown(before, comparison.flat(again)):
            self.grew = self.owes_a_move = True
        elif found:
            more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
            self.suite.record(self.program.name, "changes", "\n".join(found) + "\n")
            said = self.program.finish(self.there)
            self.verdict.notes.append(f"by its own check: {'PASS' if said is None else said}")
            raise Ended(Fate.CHANGED, "; ".join(found[:3]) + more)

    def _works(self):
        """What tells how much it has done has done more of everything since it arrived."""
        counts = self.program.progress()
        if not counts:
            return
        # The first look may have begun on the source, and the second one tells what was done there.
        counts = self._await_more({LOOKS: counts[LOOKS] + 1})
        self._await_more(counts)

    def _await_more(self, than):
        """Counts that are all greater."""
        for patience in self.suite.ending.slices(_WORK_SECONDS):
            counts = self.program.progress()
            idle = [name for name, count in than.items() if counts.get(name, 0) <= count]
            if not idle:
                return counts
            if self.program.has_ended():
                raise Ended(Fate.FAILED, f"ended before SIGTERM: {self._last_words()}")
            time.sleep(patience)
        raise Ended(Fate.FAILED, f"no work within {_WORK_SECONDS} s of the move: {', '.join(idle)}")

    def _last_words(self):
        return last_lines(self.program.outcome()) or "it left no word"

    # ---- after it ----

    def clean_up(self):
        """Nothing of it is left in either guest; GuestLost if that cannot be had."""
        for guest in self.suite.guests:
            found = guest.do("tidy", pids=sorted(self.pids), program=self.program.path,
                             folders=[PROGRAMS, WORK] if self.alone else [])
            if found["left"]:
                raise GuestLost(f"{guest}: cannot be killed: {found['left']}")
            if found["workers"]:
                raise GuestLost(f"{guest}: worker threads {found['workers']} are left")
