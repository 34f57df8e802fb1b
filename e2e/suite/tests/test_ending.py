# SPDX-License-Identifier: Apache-2.0
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path

from procmig_suite import commands
from procmig_suite.ending import Ending
from procmig_suite.errors import Interrupted, SuiteError

_SOON = 20
_HERE = Path(__file__).resolve().parents[1]


def wanted_after(seconds):
    ending = Ending()
    timer = threading.Timer(seconds, ending.want)
    timer.daemon = True
    timer.start()
    return ending


class EndingTest(unittest.TestCase):
    def setUp(self):
        self.started = time.monotonic()

    def assert_soon(self):
        self.assertLess(time.monotonic() - self.started, _SOON)

    def test_ends_a_sleep(self):
        with self.assertRaises(Interrupted):
            wanted_after(0.2).sleep(60)
        self.assert_soon()

    def test_a_sleep_has_its_length(self):
        Ending().sleep(0.3)
        self.assertGreaterEqual(time.monotonic() - self.started, 0.3)

    def test_ends_the_wait_for_a_thread_that_does_not(self):
        forever = threading.Event()
        thread = threading.Thread(target=forever.wait, daemon=True)
        thread.start()
        with self.assertRaises(Interrupted):
            wanted_after(0.2).join([thread])
        forever.set()
        self.assert_soon()

    def test_no_error_handler_swallows_it(self):
        self.assertFalse(issubclass(Interrupted, Exception))

    def test_a_process_that_is_stuck_ends_nevertheless(self):
        code = textwrap.dedent("""
            import signal, threading
            from procmig_suite.ending import Ending
            ending = Ending()
            ending.enforce(0.3, lambda: print("the table", flush=True), 130)
            signal.signal(signal.SIGTERM, lambda *_: ending.want())
            print("ready", flush=True)
            while True:
                threading.Event().wait()
            """)
        with subprocess.Popen([sys.executable, "-c", code], cwd=_HERE, stdout=subprocess.PIPE, text=True) as stuck:
            self.assertEqual("ready\n", stuck.stdout.readline())
            stuck.send_signal(signal.SIGTERM)
            self.assertEqual(130, stuck.wait(10))
            self.assertEqual("the table\n", stuck.stdout.read())


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.started = time.monotonic()

    def test_output(self):
        self.assertEqual("a\n", commands.output(["echo", "a"], "/", 10, "it", Ending()))

    def test_failure_is_told_with_what_it_said(self):
        with self.assertRaisesRegex(SuiteError, "it: .* ended with 3:\nno"):
            commands.output(["sh", "-c", "echo no >&2; exit 3"], "/", 10, "it", Ending())

    def test_one_that_takes_too_long_is_ended_with_its_children(self):
        with tempfile.NamedTemporaryFile("r") as pid:
            with self.assertRaisesRegex(SuiteError, "did not end within 0.3 s"):
                commands.output(["sh", "-c", f"sleep 60 & echo $! > {pid.name}; wait"], "/", 0.3, "it", Ending())
            number = pid.read().strip()
        state = Path(f"/proc/{number}/stat")
        deadline = time.monotonic() + _SOON
        while state.exists() and state.read_text().split()[2] != "Z" and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertTrue(not state.exists() or state.read_text().split()[2] == "Z")

    def test_ends_with_the_run(self):
        with self.assertRaises(Interrupted):
            commands.output(["sleep", "60"], "/", 60, "it", wanted_after(0.3))
        self.assertLess(time.monotonic() - self.started, _SOON)

    def test_a_daemon_that_keeps_its_output_open_is_not_waited_for(self):
        commands.output(["sh", "-c", "setsid sleep 60 & exit 0"], "/", 10, "it", Ending())
        self.assertLess(time.monotonic() - self.started, _SOON)


if __name__ == "__main__":
    unittest.main()
