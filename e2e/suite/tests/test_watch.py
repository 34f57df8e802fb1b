# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_suite import comparison
from procmig_suite.watch import Watch


def process(maps, **fds):
    return {10: {"parent": 1, "maps": [[area, "rw-p", "0", ""] for area in maps],
                 "fds": {number[1:]: {"link": link} for number, link in fds.items()}}}


def watched(looks):
    looks = iter([*looks, None])
    with Watch(lambda: next(looks)) as watch:
        watch._thread.join()
    return watch.looks


class WatchTest(unittest.TestCase):
    first = process(["1000-2000", "5000-6000"], _3="/f", _4="/g")
    later = process(["1000-2000", "8000-9000"], _3="/f", _4="/g")

    def test_what_changes_while_it_is_moved_is_not_compared(self):
        before = comparison.steady(self.first, self.first, *watched([self.first, self.later]))
        self.assertEqual([], comparison.changes(before, comparison.flat(self.later)))

    def test_a_loss_beside_that_is_found(self):
        before = comparison.steady(self.first, self.first, *watched([self.first, self.later]))
        for lost in (process(["1000-2000", "8000-9000"], _3="/f"), process(["8000-9000"], _3="/f", _4="/g"),
                     process(["1000-2000", "8000-9000"], _3="/f", _4="/other"), {}):
            with self.subTest(lost):
                self.assertNotEqual([], comparison.changes(before, comparison.flat(lost)))

    def test_it_ends_when_there_is_nothing_to_see(self):
        self.assertEqual([self.first], watched([self.first, {}, self.first]))


if __name__ == "__main__":
    unittest.main()
