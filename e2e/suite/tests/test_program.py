# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_suite import program

GIVEN = {"pidfile": "p", "outfile": "o"}


class MissingOptionsTest(unittest.TestCase):
    def test_required_options_of_a_help_text(self):
        said = ("mandatory flag --filename not given\nUsage:\n  --filename=string\tfile\n  [--quiet=bool]\t\n"
                "  --pidfile=string\tpid file\n  --mask=uint\tbits\n")
        self.assertEqual({"filename": "string", "mask": "uint"}, program.missing_options(said, GIVEN))

    def test_an_option_named_in_prose(self):
        self.assertEqual({"dirname": "string"}, program.missing_options("x: --dirname is missing", GIVEN))

    def test_a_failure_of_another_kind(self):
        self.assertEqual({}, program.missing_options("cannot bind: Permission denied", GIVEN))

    def test_what_was_given_is_not_missing(self):
        self.assertEqual({}, program.missing_options("--filename=string", {**GIVEN, "filename": "f"}))

    def test_values(self):
        self.assertEqual("x.test", program.value("filename", "string", "x"))
        self.assertEqual("x.dir", program.value("dirname", "string", "x"))
        self.assertEqual("18", program.value("mask", "uint", "x"))
        self.assertEqual("word", program.value("word", "string", "x"))


class LastLinesTest(unittest.TestCase):
    def test_joins_the_last_ones(self):
        self.assertEqual("b | c | d", program.last_lines("a\nb\nc\nd\n"))


if __name__ == "__main__":
    unittest.main()
