# SPDX-License-Identifier: Apache-2.0
"""What is printed: a line per program, a table by category, a line of counts."""
import collections

from .trial import Fate

FAILED = [fate for fate in Fate if fate not in (Fate.PASSED, Fate.SKIPPED)]


def line(number, verdict):
    """One program, as it ends."""
    word = "not ok" if verdict.fate in FAILED else "ok"
    told = {Fate.PASSED: "", Fate.SKIPPED: f" # SKIP {verdict.reason}"}.get(verdict.fate, f" {verdict}")
    hops = "" if verdict.hops == 1 else f", {verdict.hops} hops"
    return f"{word} {number} - {verdict.name} [{verdict.category or 'unknown'}]" \
           f" ({verdict.seconds:.1f} s{hops}){told}"


def table(verdicts):
    """Lines: how many of each category there are, and what became of them."""
    columns = [Fate.PASSED, *(fate for fate in FAILED if any(v.fate is fate for v in verdicts)), Fate.SKIPPED]
    rows = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        rows[verdict.category or "unknown"][verdict.fate] += 1
    heads = ["category", "programs", *(fate.value for fate in columns)]
    body = [[name, sum(counts.values()), *(counts[fate] for fate in columns)]
            for name, counts in sorted(rows.items())]
    body.append(["all", len(verdicts), *(sum(counts[fate] for counts in rows.values()) for fate in columns)])
    width = [max(len(str(row[at])) for row in [heads, *body]) for at in range(len(heads))]
    lines = []
    for row in [heads, ["-" * size for size in width], *body]:
        first, *others = [str(cell) if cell != 0 else "." for cell in row]
        lines.append("  ".join([first.ljust(width[0]),
                                *(cell.rjust(size) for cell, size in zip(others, width[1:]))]).rstrip())
    return lines


def reasons(verdicts):
    """Lines: every program that did not pass, by what became of it."""
    lines = []
    for fate in [*FAILED, Fate.SKIPPED]:
        found = [verdict for verdict in verdicts if verdict.fate is fate]
        if found:
            lines.append(f"{fate.value}:")
            lines += [f"  {verdict.name}: {verdict.reason}{''.join('; ' + n for n in verdict.notes)}"
                      for verdict in found]
    return lines


def counts(verdicts):
    """The closing line."""
    passed = sum(verdict.fate is Fate.PASSED for verdict in verdicts)
    skipped = sum(verdict.fate is Fate.SKIPPED for verdict in verdicts)
    return f"{passed} passed, {len(verdicts) - passed - skipped} failed, {skipped} skipped"
