# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import unittest
from pathlib import Path

from procmig_lab.cli import parse


class ParseTest(unittest.TestCase):
    def test_the_cluster_is_the_default(self):
        self.assertEqual("nodes", parse(["up"]).flavour)

    def test_the_flavour_is_an_option_or_a_first_word(self):
        self.assertEqual("guests", parse(["--flavour", "guests", "up"]).flavour)
        self.assertEqual("guests", parse(["--flavour=guests", "down"]).flavour)
        self.assertEqual("guests", parse(["guests", "up"]).flavour)
        self.assertEqual("guests", parse(["--quiet", "guests", "up"]).flavour)

    def test_a_flavours_name_later_on_is_an_ordinary_word(self):
        options = parse(["push", "node-a", "guests", "/tmp/nodes"])
        self.assertEqual(("nodes", "guests"), (options.flavour, options.source))

    def words(self, argv):
        words = parse(argv).words
        return words[1:] if words[:1] == ["--"] else words

    def test_what_follows_the_node_belongs_to_the_remote_command(self):
        self.assertEqual(["ls", "-la", "--color", "/"], self.words(["ssh", "node-a", "ls", "-la", "--color", "/"]))
        self.assertEqual(["-c"], self.words(["guests", "ssh", "guest-a", "-c"]))
        self.assertEqual([], self.words(["ssh", "node-a"]))

    def test_everything_after_kubectl_belongs_to_kubectl(self):
        self.assertEqual(["-n", "x", "get", "pods", "-o", "wide"],
                         self.words(["kubectl", "-n", "x", "get", "pods", "-o", "wide"]))
        self.assertEqual(["exec", "pod", "--", "ls", "-l"],
                         self.words(["--flavour", "nodes", "kubectl", "exec", "pod", "--", "ls", "-l"]))

    def test_everything_after_debian_belongs_to_that_command(self):
        self.assertEqual(["sh", "-c", "ls -l"], self.words(["guests", "debian", "sh", "-c", "ls -l"]))

    def test_images_can_be_given_more_than_once(self):
        self.assertEqual([Path("a.tar"), Path("b.tar")], parse(["up", "--image", "a.tar", "--image", "b.tar"]).image)

    def test_what_is_wrong_is_refused(self):
        for argv in ([], ["fly"], ["power", "node-a", "maybe"], ["link", "node-a"], ["--flavour", "pets", "up"]):
            with self.subTest(argv), contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                parse(argv)


if __name__ == "__main__":
    unittest.main()
