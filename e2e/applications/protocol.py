# SPDX-License-Identifier: Apache-2.0
"""What all applications have in common: the suite's protocol (e2e/suite/README.md) around one object.

An application is an object with start(), which returns once it works, work(), which tells at any time how much
has been done of what, and end(), which ends it in order and checks everything. Whatever it runs are children of
the process that the pid file names."""
import argparse
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

#: machines may be emulated, and busy
_BEGIN_SECONDS = 200
_END_SECONDS = 200
#: between two looks at what has been done
_LOOK_SECONDS = 0.25
_children = []


class Failed(Exception):
    """The application is not what it should be; the text says how."""


def say(text):
    """A line for whoever reads the outcome: how much was done."""
    print(text, flush=True)


def same(what, value):
    """A line that every run must repeat to the letter, moved or not."""
    say(f"= {what}: {value}")


def need(truth, otherwise):
    if not truth:
        raise Failed(otherwise)


def await_that(truth, what, patience=_BEGIN_SECONDS):
    """Wait until something is true; Failed if it takes too long, or if a child has ended meanwhile."""
    deadline = time.monotonic() + patience
    while not truth():
        for child in _children:
            need(child.poll() in (None, 0), f"{child.args[0]} ended with status {child.returncode}")
        need(time.monotonic() < deadline, f"not within {patience} s: {what}")
        time.sleep(0.05)


def spawn(argv, **options):
    """Run a program beside this one; its errors are part of the outcome."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "text": True, **options}
    child = subprocess.Popen(argv, preexec_fn=_let_sigterm_in, **options)
    _children.append(child)
    return child


def output(argv, **options):
    """What a program prints; it must succeed."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=_END_SECONDS, preexec_fn=_let_sigterm_in, **options)
    need(done.returncode == 0, f"{' '.join(argv)} ended with status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def ended(child):
    """Wait for a child's end, which must be a good one."""
    try:
        status = child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"{child.args[0]} does not end") from None
    need(status == 0, f"{child.args[0]} ended with status {status}")


def need_running(child):
    """A child that is to live as long as this process does."""
    need(child.poll() is None, f"{child.args[0]} ended by itself, with status {child.returncode}")


class Workers:
    """Threads that do one thing again and again until they are told to stop, each at least so often."""

    def __init__(self, count, least, step):
        """@step(worker, number) is called with numbers from 1."""
        self.done = [0] * count
        self._least = least
        self._step = step
        self._stop = False
        self._failures = []
        self._threads = [threading.Thread(target=self._work, args=(worker,), daemon=True)
                         for worker in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()
        await_that(lambda: self._failures or all(self.done), "every worker did something")
        self._complain()

    def work(self):
        """How often each has done it."""
        self._complain()
        return {f"worker-{worker}": done for worker, done in enumerate(self.done)}

    def stop(self):
        self._stop = True
        for thread in self._threads:
            thread.join(_END_SECONDS)
            need(not thread.is_alive(), "a worker hangs")
        self._complain()

    def _complain(self):
        if self._failures:
            raise self._failures[0]

    def _work(self, worker):
        try:
            while not (self._stop and self.done[worker] >= self._least):
                self._step(worker, self.done[worker] + 1)
                self.done[worker] += 1
        except Exception as failure:    # pylint: disable=broad-except
            self._failures.append(failure)


class Dialogue:
    """A program that is told what to do on its standard input and answers with lines."""

    def __init__(self, argv):
        self._argv = argv
        self._program = spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, question, answer):
        """The program has done it when it has given this answer."""
        self._program.stdin.write(f"{question}\n")
        self._program.stdin.flush()
        said = self._program.stdout.readline().rstrip("\n")
        need(said == answer, f"{self._argv[0]}: '{question}' was answered with '{said}', not '{answer}'")

    def close(self):
        self._program.stdin.close()
        ended(self._program)


def _let_sigterm_in():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


class _Progress:
    """The file that tells how often was looked, and how much had been done then."""

    def __init__(self, outfile, work):
        self._file = os.open(f"{outfile}.progress", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self._work = work
        self._looks = 0

    def look(self):
        self._looks += 1
        counts = {"looks": self._looks, **self._work()}
        # In place and always as long: whoever reads meets no half of it.
        os.pwrite(self._file, "".join(f"{name} {count:015d}\n" for name, count in counts.items()).encode(), 0)


def main(make):
    """Run an application as the protocol wants it; @make makes one in the process that stays."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pidfile", required=True)
    parser.add_argument("--outfile", required=True)
    options = parser.parse_args()
    told, tell = os.pipe()
    pid = os.fork()
    if pid:
        os.close(tell)
        if not os.read(told, 1):
            sys.exit("the application did not start")
        # The pid file appears whole, or not at all.
        with open(f"{options.pidfile}.draft", "w", encoding="ascii") as file:
            file.write(f"{pid}\n")
        os.rename(f"{options.pidfile}.draft", options.pidfile)
        return
    os.close(told)
    os.setsid()
    _redirect(options.outfile)
    os._exit(_live(make, options.outfile, tell))


def _redirect(outfile):
    out = os.open(outfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, number)
    os.close(out)
    os.close(null)


def _live(make, outfile, tell):
    # Waited for, not handled: threads and children shall not be disturbed by it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        application = make()
        application.start()
        progress = _Progress(outfile, application.work)
        progress.look()
        os.write(tell, b".")
        os.close(tell)
        while not signal.sigtimedwait({signal.SIGTERM}, _LOOK_SECONDS):
            progress.look()
        # What has ended by itself is not taken for what end() ends.
        progress.look()
        application.end()
    except Failed as failure:
        say(f"{failure}\nFAIL")
    except Exception:       # pylint: disable=broad-except
        say(f"{traceback.format_exc()}FAIL")
    else:
        say("PASS")
        return 0
    for child in _children:
        child.kill()
    return 1
