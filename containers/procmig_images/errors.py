# SPDX-License-Identifier: Apache-2.0
"""The one kind of failure that is told without a stack trace."""


class BuildError(Exception):
    """What failed, on what, and what to do next."""

    def __init__(self, message, hint=None):
        super().__init__(message if hint is None else f"{message}\n  next: {hint}")
