# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest

from procmig_suite.categories import Categories, observed
from procmig_suite.suite import programs


def process(*links, threads=(1,), maps=()):
    return {"threads": list(threads), "cwd": "/w", "maps": [["a-b", "r", "0", name] for name in maps],
            "fds": {str(number): {"link": link} for number, link in enumerate(links)}}


class ObservedTest(unittest.TestCase):
    def test_by_what_is_seen(self):
        own = ("/dev/null", "/w/x.out.inprogress", "/w")
        self.assertEqual("single processes", observed({1: process(*own, maps=["/dev/zero (deleted)"])}))
        self.assertEqual("files", observed({1: process(*own, "/w/data")}))
        self.assertEqual("sockets", observed({1: process(*own, "pipe:[1]", "socket:[2]")}))
        self.assertEqual("deleted files", observed({1: process(*own, maps=["/w/data (deleted)"])}))
        self.assertEqual("threads", observed({1: process("socket:[2]", threads=(1, 2))}))
        self.assertEqual("process trees", observed({1: process(), 2: process()}))


class FolderTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.folder = pathlib.Path(self._directory.name)

    def make(self, name, text="", mode=0o644):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def test_programs_are_executable_and_nobodys_companion(self):
        for name in ("one", "one.hook", "sub/two", "three.py", ".hidden"):
            self.make(name, mode=0o755)
        self.make("one.desc")
        self.assertEqual(["one", "sub/two", "three.py"], programs(self.folder))

    def test_named_categories(self):
        self.make("categories", "# pattern, name\npipe* pipes and more\n* rest\n")
        self.make("x.desc", "{'category': 'never asked'}")
        self.assertEqual("pipes and more", Categories(self.folder).named("pipe00"))
        self.assertEqual("rest", Categories(self.folder).named("x"))

    def test_described_categories(self):
        self.make("x.desc", "{'flags': 'suid', 'category': 'ids'}")
        self.assertEqual("ids", Categories(self.folder).named("x"))
        self.assertEqual("", Categories(self.folder).named("y"))


if __name__ == "__main__":
    unittest.main()
