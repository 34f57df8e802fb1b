# SPDX-License-Identifier: Apache-2.0
"""Runs programs, and tells what a user waits for."""

import contextlib
import subprocess
import sys
import time

from .errors import BuildError


def run(*arguments, what, hint=None, **options):
    """Run a program and return what it wrote; its output is shown only if it fails."""
    try:
        done = subprocess.run([str(argument) for argument in arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    except FileNotFoundError as error:
        raise BuildError(f"{what}: {error.filename} is not installed", hint) from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{what}: {arguments[0]} failed with status {error.returncode}\n{error.stdout}",
                         hint) from error
    return done.stdout


@contextlib.contextmanager
def step(text):
    """Tell what is being done, and how long it took."""
    print(f"containers: {text} …", file=sys.stderr, flush=True)
    start = time.monotonic()
    yield
    print(f"containers: {text}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
