# SPDX-License-Identifier: Apache-2.0
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from procmig_suite.ending import Ending
from procmig_suite.errors import GuestLost, TooLong
from procmig_suite.guest import Guest
from procmig_suite.lines import Lines

#: a hand that does what its orders are called
_HAND = """
    import json, sys
    for line in sys.stdin:
        order = json.loads(line)
        told = {"alive": {"answer": True}, "late": {"late": "more than 3 s"}, "fail": {"error": "E: no"},
                "look": {"answer": {"started": 7, "whole": True, "tables": [{"0": {"link": "/dev/null"}}],
                                    "processes": {"5": {"fds": 0}, "6": {"fds": 0}, "7": {}}}}}
        if order["do"] == "die":
            break
        if order["do"] in told:
            print(json.dumps({"number": order["number"], **told[order["do"]]}), flush=True)
    """


class GuestTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        ending = Ending()
        self.guest = Guest({"name": "g", "ip": "", "sshCommand": "false"}, 1, Path(directory.name), ending)
        self.addCleanup(self.guest._log.close)      # pylint: disable=protected-access
        hand = Lines("g's hand", [sys.executable, "-c", textwrap.dedent(_HAND)],
                     lambda told: told["number"], ending)
        self.addCleanup(hand.close)
        self.guest._hand = hand     # pylint: disable=protected-access

    def test_an_order_that_hangs_is_no_lost_guest(self):
        with self.assertRaisesRegex(TooLong, "g: hang is not done within 0.2 s"):
            self.guest.do("hang", 0.2)

    def test_nor_is_one_that_the_hand_gives_up(self):
        with self.assertRaisesRegex(TooLong, "g: late: more than 3 s"):
            self.guest.do("late")

    def test_a_guest_that_fails_or_says_nothing_more_is_lost(self):
        for order in ("fail", "die"):
            with self.assertRaises(GuestLost) as lost:
                self.guest.do(order, 20)
            self.assertNotIsInstance(lost.exception, TooLong)

    def test_a_look_has_the_descriptors_of_each_process(self):
        null = {"0": {"link": "/dev/null"}}
        expected = {5: {"fds": null}, 6: {"fds": null}, 7: {}}
        self.assertEqual((7, expected), self.guest.look(7, 30))
        self.assertEqual(expected, self.guest.whole_look(7, 30))


if __name__ == "__main__":
    unittest.main()
