# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with the guests, as opposed to with a program."""


class SuiteError(Exception):
    """The suite cannot go on; the text says why and what to do."""


class GuestLost(Exception):
    """A guest does not answer as it should: it has to be reset."""


class TooLong(GuestLost):
    """The guest answers, but something that was asked of it takes too long: who knows that a program is
    the reason need not have it reset."""


class Interrupted(BaseException):
    """Someone wants the run to end. No error: nothing that deals with those may swallow it."""
