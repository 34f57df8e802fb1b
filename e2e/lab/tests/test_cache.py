# SPDX-License-Identifier: Apache-2.0
import os
import tempfile
import time
import unittest
from pathlib import Path

from procmig_lab import progress
from procmig_lab.cache import Cache, digest_of_tree, key_of


class KeyTest(unittest.TestCase):
    def test_does_not_depend_on_the_order_of_mappings(self):
        self.assertEqual(key_of({"a": 1, "b": [2, 3]}), key_of({"b": [2, 3], "a": 1}))

    def test_depends_on_every_value_and_on_the_order_of_lists(self):
        keys = {key_of(value) for value in ({"a": 1}, {"a": "1"}, {"a": [1, 2]}, {"a": [2, 1]}, {"b": 1})}
        self.assertEqual(5, len(keys))

    def test_is_fit_for_a_directory_name(self):
        self.assertRegex(key_of({"package": "1:2.3~rc1+deb12u1"}), r"^[0-9a-f]{16}$")


class TreeDigestTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "etc").mkdir()
        self.file = self.root / "etc" / "file"
        self.file.write_text("text")
        self.before = digest_of_tree(self.root)

    def test_is_the_same_for_the_same_tree(self):
        os.utime(self.file, (1, 1))
        self.assertEqual(self.before, digest_of_tree(self.root))

    def test_sees_contents(self):
        self.file.write_text("other")
        self.assertNotEqual(self.before, digest_of_tree(self.root))

    def test_sees_names(self):
        self.file.rename(self.root / "etc" / "elif")
        self.assertNotEqual(self.before, digest_of_tree(self.root))

    def test_sees_the_executable_bit(self):
        self.file.chmod(0o755)
        self.assertNotEqual(self.before, digest_of_tree(self.root))

    def test_sees_a_link_where_a_file_was(self):
        self.file.unlink()
        self.file.symlink_to("text")
        self.assertNotEqual(self.before, digest_of_tree(self.root))


class CacheTest(unittest.TestCase):
    def setUp(self):
        progress.silence(True)
        self.addCleanup(progress.silence, False)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cache = Cache(Path(directory.name) / "cache")
        self.builds = 0

    def build(self, directory):
        self.builds += 1
        (directory / "product").write_text(str(self.builds))

    def test_builds_what_is_absent_and_finds_what_is_there(self):
        first = self.cache.obtain("thing", "0123", self.build)
        second = self.cache.obtain("thing", "0123", self.build)
        self.assertEqual((first, "1", 1), (second, (second / "product").read_text(), self.builds))

    def test_keeps_artefacts_of_different_keys_apart(self):
        self.assertNotEqual(self.cache.obtain("thing", "0123", self.build),
                            self.cache.obtain("thing", "4567", self.build))

    def test_a_failed_build_leaves_no_artefact_and_does_not_hinder_the_next(self):
        def fail(directory):
            (directory / "half").write_text("")
            raise RuntimeError

        with self.assertRaises(RuntimeError):
            self.cache.obtain("thing", "0123", fail)
        self.assertFalse(self.cache.has("thing", "0123"))
        place = self.cache.obtain("thing", "0123", self.build)
        self.assertEqual(["product"], [path.name for path in place.iterdir()])

    def test_drop_removes_everything(self):
        self.cache.obtain("thing", "0123", self.build)
        self.cache.drop()
        self.assertFalse(self.cache.has("thing", "0123"))

    def test_prune_removes_only_what_was_not_used_lately(self):
        old = self.cache.obtain("thing", "0123", self.build)
        new = self.cache.obtain("thing", "4567", self.build)
        long_ago = time.time() - 1000
        os.utime(old, (long_ago, long_ago))
        os.utime(new, (long_ago, long_ago))
        self.cache.obtain("thing", "4567", self.build)
        self.cache.prune(500)
        self.assertEqual((False, True), (old.exists(), new.exists()))


if __name__ == "__main__":
    unittest.main()
