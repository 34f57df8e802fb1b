# SPDX-License-Identifier: GPL-2.0-only
"""The ioctls' refusals and the fuzzer; selftest/ioctl.c says what they are."""
import re

from ..guest import HOME
from ..report import Failed, require


def run(tier):
    tier.report.check("abi: selftest", selftest, tier)


def selftest(tier):
    status, out = tier.a.status(f"{HOME}/ioctl --fuzz {tier.options.fuzz} 2>&1", timeout=1000)
    lines = out.splitlines()
    for line in lines:
        found = re.match(r"(ok|not ok) \d+ - (.*)", line)
        if found:
            tier.report.add(f"abi: {found[2]}", None if found[1] == "ok" else "")
    require(status in (0, 1) and lines and re.fullmatch(r"1\.\.\d+", lines[-1]),
            f"the selftest ended with {status}: {' / '.join(lines[-3:])}")
    if status:
        # One refusal that is none may spoil the kernel for all that comes.
        tier.reset(tier.a)
        raise Failed("see the lines above; the guest was reset")
