# SPDX-License-Identifier: Apache-2.0
"""Test counts, from JUnit reports or from a runner's plain closing line."""
import dataclasses
import re
from xml.etree import ElementTree

_LINE = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


@dataclasses.dataclass
class Counts:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed,
                      self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def of_junit(directories, since):
    """The sum over the TEST-*.xml reports that were written after the time since."""
    total = Counts()
    for directory in directories:
        for report in sorted(directory.glob("TEST-*.xml")):
            if report.stat().st_mtime < since:
                continue
            suite = ElementTree.parse(report).getroot()
            tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            total += Counts(tests - failed - skipped, failed, skipped)
    return total


def of_unittest(text):
    """What Python's unittest says at its end."""
    ran = re.search(r"^Ran (\d+) tests?", text, re.MULTILINE)
    if not ran:
        return Counts(failed=1)
    bad = sum(int(number) for number in re.findall(r"(?:failures|errors)=(\d+)", text))
    skipped = sum(int(number) for number in re.findall(r"skipped=(\d+)", text))
    return Counts(int(ran[1]) - bad - skipped, bad, skipped)


def of_closing_line(text):
    """The last `[word: ]N passed, N failed[, N skipped]` line; none counts as one failure."""
    found = _LINE.findall(text)
    if not found:
        return Counts(failed=1)
    passed, failed, skipped = found[-1]
    return Counts(int(passed), int(failed), int(skipped or 0))


def of_tap(text):
    """Lines that begin with ok or not ok."""
    return Counts(len(re.findall(r"^ok ", text, re.MULTILINE)),
                  len(re.findall(r"^not ok ", text, re.MULTILINE)))
