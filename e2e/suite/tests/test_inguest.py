# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import threading
import time
import unittest

from procmig_suite import inguest


class FakeHand:
    def hang(self):
        threading.Event().wait()

    def answer(self, what):
        return what

    def fail(self):
        raise ProcessLookupError("no such process")


class OrdersTest(unittest.TestCase):
    def take(self, *orders):
        lines = [json.dumps({"number": number, "do": what, "with": arguments})
                 for number, (what, arguments) in enumerate(orders)]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            inguest.Orders(FakeHand(), 0.3).take(lines)
        return {told.pop("number"): told for told in map(json.loads, said.getvalue().splitlines())}

    def test_answers_have_the_order_s_number(self):
        self.assertEqual({0: {"answer": "x"}, 1: {"answer": "y"}},
                         self.take(("answer", {"what": "x"}), ("answer", {"what": "y"})))

    def test_a_failure_is_an_answer(self):
        self.assertEqual({0: {"error": "ProcessLookupError: no such process"}}, self.take(("fail", {})))

    def test_one_that_hangs_holds_up_neither_the_others_nor_the_end(self):
        started = time.monotonic()
        self.assertEqual({1: {"answer": "x"}}, self.take(("hang", {}), ("answer", {"what": "x"})))
        self.assertLess(time.monotonic() - started, 5)


if __name__ == "__main__":
    unittest.main()
