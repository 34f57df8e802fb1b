# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with the guests, as opposed to with a program."""


class SuiteError(Exception):
    """The suite cannot go on; the text says why and what to do."""


class GuestLost(Exception):
    """A guest does not answer as it should: it has to be reset."""


class Interrupted(BaseException):
    """Someone wants the run to end. No error: nothing that deals with those may swallow it."""
