# SPDX-License-Identifier: Apache-2.0
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from procmig_suite import trial
from procmig_suite.ending import Ending
from procmig_suite.program import counts
from procmig_suite.trial import Ended, Fate, Trial


class FakeSuite:
    environment = {}
    patience = 1
    guests = ("a", "b")

    def __init__(self, work):
        self.ending = Ending()
        self._work = work

    def work_directory(self, _):
        return self._work, "/there"

    def category(self, _):
        return ""


class ProgressTest(unittest.TestCase):
    """What is told after a move, look by look."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = Path(directory.name)
        self.trial = Trial(FakeSuite(self.work), "x", 1)

    def works_with(self, *told):
        looks = iter(told)
        last = told[-1]
        with mock.patch.object(self.trial.program, "progress", lambda: next(looks, last)), \
                mock.patch.object(trial, "_WORK_SECONDS", 0.1), mock.patch.object(trial.time, "sleep"):
            self.trial._works()     # pylint: disable=protected-access

    def test_one_that_does_not_tell_is_not_asked(self):
        self.works_with({})

    def test_work_goes_on(self):
        self.works_with(*({"looks": number, "rows": 7 * number} for number in range(1, 9)))

    def test_what_was_done_on_the_source_does_not_count(self):
        with self.assertRaises(Ended) as ended:
            self.works_with({"looks": 1, "rows": 1}, {"looks": 2, "rows": 2}, {"looks": 3, "rows": 3},
                            *({"looks": number, "rows": 3} for number in range(4, 9)))
        self.assertIs(Fate.FAILED, ended.exception.fate)

    def test_what_stands_still_is_named(self):
        with self.assertRaises(Ended) as ended:
            self.works_with(*({"looks": number, "rows": number, "pipe": 4} for number in range(1, 99)))
        self.assertTrue(ended.exception.reason.endswith(": pipe"), ended.exception.reason)

    def test_what_has_ended_says_why(self):
        (self.work / "x.out").write_text("stress-ng ended by itself\nFAIL\n")
        with self.assertRaises(Ended) as ended:
            self.works_with({"looks": 4})
        self.assertIn("stress-ng ended by itself", ended.exception.reason)

    def test_counts_of_a_file(self):
        self.assertEqual({"looks": 12, "sem-sysv": 0}, counts("looks 0012\nsem-sysv 0000\n"))


if __name__ == "__main__":
    unittest.main()
