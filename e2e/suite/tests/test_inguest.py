# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from procmig_suite import inguest


class FakeHand:
    def hang(self):
        threading.Event().wait()

    def answer(self, what):
        return what

    def fail(self):
        raise ProcessLookupError("no such process")

    def break_down(self):
        raise MemoryError("no room")

    def tire(self):
        raise inguest.TooLong("more than 3 s")


class OrdersTest(unittest.TestCase):
    def take(self, *orders):
        lines = [json.dumps({"number": number, "do": what, "with": arguments})
                 for number, (what, arguments) in enumerate(orders)]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            inguest.Orders(FakeHand(), 0.3).take(lines)
        return {told.pop("number"): told for told in map(json.loads, said.getvalue().splitlines())}

    def test_answers_have_the_order_s_number(self):
        self.assertEqual({0: {"answer": "x"}, 1: {"answer": "y"}},
                         self.take(("answer", {"what": "x"}), ("answer", {"what": "y"})))

    def test_a_failure_is_an_answer(self):
        self.assertEqual({0: {"error": "ProcessLookupError: no such process"}}, self.take(("fail", {})))
        self.assertEqual({0: {"error": "MemoryError: no room"}}, self.take(("break_down", {})))

    def test_what_takes_too_long_is_no_failure(self):
        self.assertEqual({0: {"late": "more than 3 s"}}, self.take(("tire", {})))

    def test_so_is_that_there_is_no_thread_for_it(self):
        with mock.patch.object(inguest.threading.Thread, "start", side_effect=RuntimeError("no more")):
            self.assertEqual({0: {"error": "no more"}}, self.take(("answer", {"what": "x"})))

    def test_one_that_hangs_holds_up_neither_the_others_nor_the_end(self):
        started = time.monotonic()
        self.assertEqual({1: {"answer": "x"}}, self.take(("hang", {}), ("answer", {"what": "x"})))
        self.assertLess(time.monotonic() - started, 5)


#: two descriptors of its own and as many children as it is told, who have the same
_FAMILY = """
    import os, socket, sys, time
    pair = socket.socketpair()
    for _ in range(int(sys.argv[1])):
        if os.fork() == 0:
            break
    else:
        print("ready", flush=True)
    time.sleep(60)
    """


class HandTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.here = Path(directory.name)
        # No control groups, but their files.
        self.hand = inguest.Hand(groups=self.here)

    def family(self, children):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(_FAMILY), str(children)],
                                   start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: os.killpg(process.pid, 9))
        self.addCleanup(process.stdout.close)
        process.stdout.readline()
        return process.pid

    def start(self, text, timeout=30):
        program = self.here / "program"
        program.write_text(text)
        program.chmod(0o755)
        return self.hand.start([str(program)], self.here, self.here / "console", {}, timeout)

    def test_the_same_descriptors_are_told_once(self):
        root = self.family(5)
        look = self.hand.look(root, 30)
        self.assertEqual(6, len(look["processes"]))
        self.assertEqual({0}, {process["fds"] for process in look["processes"].values()})
        table, = look["tables"]
        self.assertEqual("/dev/null", table["0"]["link"])
        self.assertEqual(["socket:"] * 2, [table[number]["link"][:7] for number in ("3", "4")])
        self.assertEqual("0", table["3"]["pos"])

    def test_descriptors_that_differ_are_told_apart(self):
        pipe = os.pipe()
        self.addCleanup(lambda: [os.close(number) for number in pipe])
        descriptors = inguest.Descriptors(inguest.Deadline(30))
        root = self.family(0)
        self.assertEqual([0, 1, 0], [descriptors.of(pid) for pid in (os.getpid(), root, os.getpid())])
        of_mine, of_other = descriptors.tables()
        self.assertIn(str(pipe[1]), of_mine)
        self.assertNotEqual(of_mine, of_other)

    def test_a_look_ends_in_its_time_and_says_how_much_there_was(self):
        with self.assertRaisesRegex(inguest.TooLong, "more than -1 s to look at 3 processes: 0 of them"):
            self.hand.look(self.family(2), -1)

    def test_a_program_has_a_control_group_of_its_own(self):
        self.assertEqual(0, self.start("#!/bin/sh\ncat /proc/self/oom_score_adj\n")["status"])
        group = self.here / str(self.here / "program").strip("/").replace("/", "-")
        self.assertEqual("4096", (group / "pids.max").read_text())
        self.assertEqual("0", (group / "cgroup.procs").read_text())
        self.assertEqual("0\n", (self.here / "console").read_text())
        self.assertFalse((group / "cgroup.kill").exists())

    def test_all_that_is_in_its_group_is_killed_when_it_does_not_start(self):
        self.assertIsNone(self.start("#!/bin/sh\nexec sleep 60\n", 0.2)["status"])
        self.assertEqual(1, len(list(self.here.glob("*/cgroup.kill"))))

    def test_what_cannot_be_run_says_why(self):
        self.assertEqual({"refused": "Exec format error"}, self.start("no program"))


if __name__ == "__main__":
    unittest.main()
