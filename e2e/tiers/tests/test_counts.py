# SPDX-License-Identifier: Apache-2.0
"""What the tiers read out of the runners' closing lines."""
import os
import pathlib
import tempfile
import time
import unittest

from procmig_tiers import counts
from procmig_tiers.counts import Counts

JUNIT = '<testsuite tests="5" failures="1" errors="1" skipped="1"/>'


class CountsTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(str(Counts(1, 2, 3) + Counts(4, 0, 1)), "5 passed, 2 failed, 4 skipped")

    def test_closing_line_is_the_last_one(self):
        self.assertEqual(counts.of_closing_line("1 passed, 0 failed\nx\nguest: 7 passed, 1 failed, 2 skipped\n"),
                         Counts(7, 1, 2))

    def test_a_runner_that_says_nothing_has_failed(self):
        self.assertEqual(counts.of_closing_line("killed\n"), Counts(failed=1))
        self.assertEqual(counts.of_unittest("killed\n"), Counts(failed=1))

    def test_unittest(self):
        text = "Ran 12 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n"
        self.assertEqual(counts.of_unittest(text), Counts(6, 3, 3))

    def test_tap(self):
        self.assertEqual(counts.of_tap("ok a\nnot ok b\n# ok c\nok d\n"), Counts(2, 1, 0))

    def test_junit_reports_of_an_earlier_run_do_not_count(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            for suite in ("old", "new"):
                (directory / f"TEST-{suite}.xml").write_text(JUNIT, encoding="utf-8")
            os.utime(directory / "TEST-old.xml", (0, 0))
            self.assertEqual(counts.of_junit([directory], time.time() - 60), Counts(2, 2, 1))


if __name__ == "__main__":
    unittest.main()
