# SPDX-License-Identifier: Apache-2.0
"""Tiers side by side."""
import contextlib
import io
import threading
import time
import unittest

from procmig_tiers import lanes, step
from procmig_tiers.counts import Counts
from procmig_tiers.lanes import Shared

LANES = (("unit", "api", "e2e"), ("guest", "suite"))
PATIENCE = 30


class ArrangeTest(unittest.TestCase):
    def test_lanes_keep_the_order_of_their_tiers(self):
        self.assertEqual(lanes.arrange(["unit", "api", "guest", "suite", "e2e"], LANES),
                         [[["unit", "api", "e2e"], ["guest", "suite"]]])

    def test_a_name_in_no_lane_runs_alone(self):
        self.assertEqual(lanes.arrange(["verify", "guest", "unit"], LANES), [[["verify"]], [["guest"], ["unit"]]])
        self.assertEqual(lanes.arrange(["unit", "verify", "guest"], LANES), [[["unit"]], [["verify"]], [["guest"]]])


class RunTest(unittest.TestCase):
    def setUp(self):
        self.out = io.StringIO()
        silence = contextlib.redirect_stdout(self.out)
        silence.__enter__()
        self.addCleanup(silence.__exit__, None, None, None)

    def test_lanes_run_side_by_side(self):
        met = threading.Barrier(2, timeout=PATIENCE)

        def meet():
            met.wait()
            return Counts(passed=1)

        self.assertEqual(lanes.run([["a"], ["b"]], {"a": meet, "b": meet}),
                         {"a": Counts(passed=1), "b": Counts(passed=1)})

    def test_a_failure_stops_nobody(self):
        def fails():
            raise step.StepFailed("no such luck")

        def breaks():
            raise KeyError("a mistake of ours")

        results = lanes.run([["a", "b", "c"]], {"a": fails, "b": breaks, "c": lambda: Counts(passed=3)})
        self.assertEqual(results, {"a": Counts(failed=1), "b": Counts(failed=1), "c": Counts(passed=3)})
        self.assertIn("a: no such luck", self.out.getvalue())
        self.assertIn("a mistake of ours", self.out.getvalue())

    def test_every_line_says_who_speaks(self):
        def speaks():
            step.say("one\ntwo")
            return Counts()

        lanes.run([["a"]], {"a": speaks})
        self.assertIn("a: one\na: two\n", self.out.getvalue())
        step.say("plain")
        self.assertTrue(self.out.getvalue().endswith("\nplain\n"))


class TurnsTest(unittest.TestCase):
    def test_serves_in_the_order_of_asking(self):
        turns, order = lanes.Turns(), []
        waiting = []

        def take(name):
            with turns:
                order.append(name)

        with turns:
            for name in ("first", "second", "third"):
                thread = threading.Thread(target=take, args=(name,))
                thread.start()
                waiting.append(thread)
                while turns.asked() < len(waiting) + 1:
                    time.sleep(0.001)
        for thread in waiting:
            thread.join(PATIENCE)
        with turns:
            self.assertEqual(order, ["first", "second", "third"])

    def test_goes_on_after_a_failure(self):
        turns = lanes.Turns()
        with self.assertRaises(KeyError), turns:
            raise KeyError
        with turns:
            pass


class SharedTest(unittest.TestCase):
    def test_is_made_once_however_many_want_it(self):
        made = []
        shared = Shared(lambda: made.append(1))
        threads = [threading.Thread(target=shared) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(made, [1])

    def test_who_comes_later_is_told_that_it_failed(self):
        def fails():
            raise step.StepFailed("no disk\nand much more")

        shared = Shared(fails)
        with self.assertRaisesRegex(step.StepFailed, "^no disk"):
            shared()
        with self.assertRaisesRegex(step.StepFailed, "could not be made: no disk$"):
            shared()


if __name__ == "__main__":
    unittest.main()
