#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A chain of SHA-256 sums in a single thread: hashchain.py OUTFILE [COUNT]."""
import hashlib
import signal
import sys

LINKS_PER_LINE = 1000
stop = False


def on_term(_signal, _frame):
    global stop
    stop = True


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    signal.signal(signal.SIGTERM, on_term)
    link = b"procmig"
    history = {}
    line = 0
    with open(sys.argv[1], "w", buffering=1) as out:
        while not stop and (not count or line < count):
            for _ in range(LINKS_PER_LINE):
                link = hashlib.sha256(link).digest()
            line += 1
            history[line] = link
            out.write(f"{line} {link.hex()}\n")
        # what the heap kept must still be the chain that it recorded
        for number in range(2, line + 1):
            again = history[number - 1]
            for _ in range(LINKS_PER_LINE if number % 50 == 0 else 0):
                again = hashlib.sha256(again).digest()
            if number % 50 == 0 and again != history[number]:
                out.write(f"FAIL link {number}\n")
                return 1
        out.write("PASS\n")
    return 0


sys.exit(main())
