# SPDX-License-Identifier: Apache-2.0
"""The one error the lab reports to a person."""


class LabError(Exception):
    """Something a person must know: what failed, where to look, what to do next."""

    def __init__(self, what, *, log=None, excerpt=None, hint=None):
        super().__init__(what)
        self.what = what
        self.log = log
        self.excerpt = excerpt
        self.hint = hint

    def __str__(self):
        lines = [self.what]
        if self.excerpt:
            lines += ["  | " + line for line in self.excerpt.rstrip().splitlines()]
        if self.log:
            lines.append(f"  log: {self.log}")
        if self.hint:
            lines.append(f"  next: {self.hint}")
        return "\n".join(lines)
