# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from procmig_suite import trial
from procmig_suite.agent import Outcome
from procmig_suite.ending import Ending
from procmig_suite.errors import GuestLost, SuiteError, TooLong
from procmig_suite.suite import Suite
from procmig_suite.trial import Ended, Fate


class FakeGuest:
    """Runs programs that pass when they are not moved."""

    def __init__(self, name, machines):
        self.name = name
        self.machines = machines
        self.done = []

    def __repr__(self):
        return self.name

    def do(self, what, patience=60, **arguments):
        self.done.append(what)
        self.machines.happens(what)
        if what == "start" and self.machines.refused:
            return {"refused": self.machines.refused}
        if what == "start":
            base = arguments["argv"][0].rpartition("/")[2]
            work = self.machines.files / base
            (work / f"{base}.pid").write_text("7\n")
            (work / f"{base}.out").write_text("PASS\n")
            return {"status": 0, "first": 6}
        return {"tidy": {"left": {}, "workers": []}, "end": {}}[what]

    def whole_look(self, root, patience):
        return None

    def look(self, root, patience):
        self.machines.happens("look")
        return 1, {root: {"parent": 1, "threads": [root], "maps": [], "fds": {}}}


class FakeMachines:
    def __init__(self, folder, logs, ending):
        self.files = Path(logs)
        self.ending = ending
        self.guests = FakeGuest("a", self), FakeGuest("b", self)
        self.resets = 0
        self.closed = 0
        self.events = {}
        self.troubles = []
        self.refused = None

    def happens(self, what):
        """Whatever a test has for this moment."""
        planned = self.events.get(what)
        if planned:
            planned.pop(0)()

    def prepare(self, build):
        self.happens("prepare")

    def work_directory(self, name):
        (self.files / name).mkdir(exist_ok=True)
        return self.files / name, f"/there/{name}"

    def kernel_troubles(self):
        return self.troubles.pop(0) if self.troubles else []

    def console_sizes(self):
        return {}

    def console_troubles(self, since):
        return []

    def reset(self):
        self.resets += 1
        self.happens("reset")

    def close(self):
        self.closed += 1


class SuiteTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        logs = Path(directory.name)
        self.ending = Ending()
        self.suite = Suite(logs, logs, {}, self.ending, FakeMachines)
        self.machines = self.suite._machines    # pylint: disable=protected-access

    def run_suite(self, *names, jobs=1, hops=0):
        with contextlib.redirect_stdout(io.StringIO()):
            verdicts = self.suite.run(names, hops, False, jobs)
        self.assertEqual(1, self.machines.closed)
        return [(verdict.name, verdict.fate) for verdict in verdicts]

    def plan(self, what, *happenings):
        self.machines.events[what] = list(happenings)

    def nothing(self):
        pass

    def interrupt(self):
        self.ending.want()
        self.ending.check()

    def ended(self):
        raise Ended(Fate.FAILED, "it had enough")

    def tire(self):
        raise TooLong("more than 3 s to look at 200 processes")

    def lose(self):
        raise GuestLost("it does not answer")

    def test_all_pass(self):
        self.assertEqual([("x", Fate.PASSED), ("y", Fate.PASSED)], self.run_suite("x", "y"))

    def test_an_interrupted_run_has_what_was_decided_before(self):
        for moment in ("start", "look", "end", "tidy"):
            with self.subTest(moment):
                self.setUp()
                again = 2 if moment == "tidy" else 1        # of both guests
                self.plan(moment, *[self.nothing] * again, self.interrupt)
                self.assertEqual([("x", Fate.PASSED)], self.run_suite("x", "y", "z"))
                self.assertEqual(0, self.machines.resets)

    def test_an_interrupt_before_the_first_program_and_during_a_reset(self):
        self.plan("prepare", self.interrupt)
        self.assertEqual([], self.run_suite("x"))
        self.setUp()
        self.plan("look", self.lose)
        self.plan("reset", self.interrupt)
        self.assertEqual([], self.run_suite("x", "y"))

    def test_a_program_that_takes_too_long_is_skipped_and_costs_no_reset(self):
        for moment in ("start", "look", "end"):
            with self.subTest(moment):
                self.setUp()
                self.plan(moment, self.tire)
                self.assertEqual([("x", Fate.SKIPPED), ("y", Fate.PASSED)], self.run_suite("x", "y"))
                self.assertEqual("takes too long: more than 3 s to look at 200 processes",
                                 self.suite.verdicts[0].reason)
                self.assertEqual(0, self.machines.resets)
                self.assertEqual(4, sum(guest.done.count("tidy") for guest in self.machines.guests))

    def test_one_that_takes_too_long_once_it_was_moved_has_failed(self):
        moved = Outcome({"phase": "Succeeded"}, {"phase": "Succeeded"}, 1)
        self.plan("await_end", self.tire)
        with mock.patch.object(trial.agent, "migrate", lambda *_: moved):
            self.assertEqual([("x", Fate.FAILED)], self.run_suite("x", hops=1))
        self.assertEqual(0, self.machines.resets)

    def test_one_that_cannot_be_cleared_away_in_time_costs_a_reset(self):
        self.plan("tidy", self.tire)
        self.assertEqual([("x", Fate.BROKEN), ("y", Fate.PASSED)], self.run_suite("x", "y"))
        self.assertEqual(1, self.machines.resets)

    def test_a_program_that_cannot_be_run_is_skipped(self):
        self.machines.refused = "Exec format error"
        self.assertEqual([("x", Fate.SKIPPED)], self.run_suite("x"))
        self.assertEqual("does not start in a guest: Exec format error", self.suite.verdicts[0].reason)
        self.assertEqual(0, self.machines.resets)

    def test_a_lost_guest_is_reset_at_once_and_the_next_program_tried(self):
        self.plan("look", self.lose)
        self.assertEqual([("x", Fate.BROKEN), ("y", Fate.PASSED)], self.run_suite("x", "y"))
        self.assertEqual(1, self.machines.resets)
        self.assertEqual(1, self.machines.guests[0].done.count("tidy"))

    def test_guests_that_do_not_come_back_end_the_run(self):
        def fail():
            raise SuiteError("no")
        self.plan("look", self.lose)
        self.plan("reset", fail)
        with self.assertRaises(SuiteError):
            self.run_suite("x", "y")
        self.assertEqual(1, self.machines.closed)

    # ---- several at once ----

    def test_side_by_side_all_pass(self):
        names = [f"p{number}" for number in range(9)]
        self.assertEqual([(name, Fate.PASSED) for name in names], sorted(self.run_suite(*names, jobs=3)))

    def test_what_is_not_well_beside_others_is_tried_alone(self):
        self.plan("look", self.ended)
        found = self.run_suite("x", "y", jobs=2)
        self.assertEqual([("x", Fate.PASSED), ("y", Fate.PASSED)], sorted(found))
        self.assertEqual(3, self.machines.guests[0].done.count("start"))
        self.assertEqual(0, self.machines.resets)

    def test_a_guest_lost_beside_others_costs_no_program(self):
        self.plan("look", self.lose)
        found = self.run_suite("x", "y", "z", jobs=2)
        self.assertEqual(["x", "y", "z"], sorted(name for name, _ in found))
        self.assertEqual({Fate.PASSED}, {fate for _, fate in found})
        self.assertEqual(1, self.machines.resets)

    def test_one_that_takes_too_long_beside_others_is_tried_alone_and_disturbs_none(self):
        self.plan("look", self.tire)
        found = self.run_suite("x", "y", "z", jobs=2)
        self.assertEqual([(name, Fate.PASSED) for name in "xyz"], sorted(found))
        self.assertEqual(4, self.machines.guests[0].done.count("start"))
        self.assertEqual(0, self.machines.resets)

    def test_a_kernel_fault_beside_others_stays_one(self):
        self.machines.troubles = [["WARNING: it"]]
        found = self.run_suite("x", "y", jobs=2)
        self.assertEqual(["x", "y"], sorted(name for name, fate in found if fate is Fate.PASSED))
        self.assertEqual(1, sum(fate is Fate.KERNEL for _, fate in found))
        self.assertEqual(1, self.machines.resets)

    def test_an_interrupt_side_by_side(self):
        self.plan("end", self.nothing, self.interrupt)
        self.assertLessEqual(len(self.run_suite("w", "x", "y", "z", jobs=2)), 2)


if __name__ == "__main__":
    unittest.main()
