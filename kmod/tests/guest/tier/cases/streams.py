# SPDX-License-Identifier: GPL-2.0-only
"""Streams that no source sends: truncated, contradictory, hostile."""


def run(tier):
    del tier
