# SPDX-License-Identifier: Apache-2.0
import sys
import textwrap
import threading
import time
import unittest

from procmig_suite.ending import Ending
from procmig_suite.errors import GuestLost, Interrupted
from procmig_suite.lines import Lines

#: answers each order after as many seconds as it says, with its number
_ANSWERS = """
    import json, sys, threading, time
    def answer(order):
        time.sleep(order["after"])
        print(json.dumps({"number": order["number"]}), flush=True)
    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
    """
_DEAF = """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("started", flush=True)
    time.sleep(60)
    """


class LinesTest(unittest.TestCase):
    def setUp(self):
        self.started = time.monotonic()
        self.ending = Ending()

    def lines(self, code):
        lines = Lines("it", [sys.executable, "-c", textwrap.dedent(code)],
                      lambda told: told["number"], self.ending)
        self.addCleanup(lines.close)
        return lines

    def assert_soon(self):
        self.assertLess(time.monotonic() - self.started, 8)

    def test_an_answer_that_comes_too_late_is_nobody_elses(self):
        lines = self.lines(_ANSWERS)
        with lines.expecting(1) as box:
            lines.send({"number": 1, "after": 0.6})
            with self.assertRaisesRegex(GuestLost, "says nothing"):
                lines.receive(box, 0.1)
        with lines.expecting(2) as box:
            lines.send({"number": 2, "after": 1})
            self.assertEqual(2, lines.receive(box, 30)["number"])

    def test_a_slow_answer_holds_up_no_other(self):
        lines = self.lines(_ANSWERS)
        with lines.expecting(1), lines.expecting(2) as quick:
            lines.send({"number": 1, "after": 60})
            lines.send({"number": 2, "after": 0})
            self.assertEqual(2, lines.receive(quick, 30)["number"])
        self.assert_soon()

    def test_the_end_of_the_run_ends_a_wait(self):
        lines = self.lines(_ANSWERS)
        threading.Timer(0.3, self.ending.want).start()
        with lines.expecting(1) as box, self.assertRaises(Interrupted):
            lines.send({"number": 1, "after": 60})
            lines.receive(box, 60)
        self.assert_soon()

    def test_its_end_is_noticed_before_and_after(self):
        lines = self.lines("print('last words')")
        for _ in range(2):
            with lines.expecting(1) as box, self.assertRaisesRegex(GuestLost, "has ended: last words"):
                lines.receive(box, 30)
        self.assert_soon()

    def test_one_that_takes_no_orders_holds_up_nobody(self):
        lines = self.lines(_DEAF)
        for number in range(100):
            lines.send({"number": number, "text": "x" * 10000})
        lines.finish()
        self.assertFalse(lines.close(0.2))
        self.assertTrue(lines.has_ended())
        self.assert_soon()

    def test_ends_by_itself_when_it_gets_no_more_orders(self):
        lines = self.lines(_ANSWERS)
        lines.finish()
        self.assertTrue(lines.close(10))


if __name__ == "__main__":
    unittest.main()
