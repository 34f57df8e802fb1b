# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_suite import report
from procmig_suite.trial import Fate, Verdict

VERDICTS = [
    Verdict("a", "files", Fate.PASSED, hops=1, seconds=2),
    Verdict("b", "files", Fate.REFUSED, "PidTaken: PID 7 is taken", notes=["source intact: PASS"]),
    Verdict("c", "pipes", Fate.SKIPPED, "does not start"),
]


class ReportTest(unittest.TestCase):
    def test_counts(self):
        self.assertEqual("1 passed, 1 failed, 1 skipped", report.counts(VERDICTS))

    def test_lines(self):
        self.assertEqual("ok 1 - a [files] (2.0 s)", report.line(1, VERDICTS[0]))
        self.assertEqual("not ok 2 - b [files] (0.0 s, 0 hops) refused at preflight: "
                         "PidTaken: PID 7 is taken; source intact: PASS", report.line(2, VERDICTS[1]))
        self.assertEqual("ok 3 - c [pipes] (0.0 s, 0 hops) # SKIP does not start", report.line(3, VERDICTS[2]))

    def test_the_table_adds_up(self):
        rows = [line.split() for line in report.table(VERDICTS)]
        self.assertEqual(["files", "2", "1", "1", "."], rows[2])
        self.assertEqual(["all", "3", "1", "1", "1"], rows[-1])

    def test_reasons_by_outcome(self):
        self.assertEqual(["refused at preflight:", "  b: PidTaken: PID 7 is taken; source intact: PASS",
                          "skipped:", "  c: does not start"], report.reasons(VERDICTS))


if __name__ == "__main__":
    unittest.main()
