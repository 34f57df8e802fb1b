# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_suite import comparison


def process(**more):
    return {"parent": 1, "threads": [10], "maps": [["1000-2000", "r-xp", "00000000", "/bin/x"]],
            "fds": {"0": {"link": "/dev/null", "pos": "0"}, "3": {"link": "/f", "pos": "7"}}, **more}


class ComparisonTest(unittest.TestCase):
    def test_the_same_has_no_changes(self):
        self.assertEqual([], comparison.changes(comparison.flat({10: process()}),
                                                comparison.flat({10: process()})))

    def test_what_differs_is_named(self):
        after = process()
        after["fds"]["3"]["pos"] = "0"
        self.assertEqual(["process 10: fd 3 pos was 7 and is 0"],
                         comparison.changes(comparison.flat({10: process()}), comparison.flat({10: after})))

    def test_a_missing_process_and_a_missing_mapping_are_named(self):
        two = {10: process(), 11: process(parent=10)}
        found = comparison.changes(comparison.flat(two), comparison.flat({10: process(maps=[])}))
        self.assertIn("processes was [10, 11] and is [10]", found)
        self.assertIn("process 11: parent was 10 and is gone", found)
        self.assertIn("process 10: mappings was ['1000-2000'] and is []", found)

    def test_numbers_of_anonymous_objects_may_change_but_not_who_shares_them(self):
        def sockets(first, second):
            return comparison.flat({10: process(fds={"3": {"link": f"socket:[{first}]"},
                                                     "4": {"link": f"socket:[{second}]"}})})
        self.assertEqual([], comparison.changes(sockets(5, 5), sockets(80, 80)))
        self.assertEqual(["process 10: fd 4 link was socket #1 and is socket #2"],
                         comparison.changes(sockets(5, 5), sockets(80, 81)))

    def test_a_parent_outside_is_any_parent(self):
        self.assertEqual([], comparison.changes(comparison.flat({10: process(parent=1)}),
                                                comparison.flat({10: process(parent=77)})))

    def test_areas_that_continue_each_other_are_one(self):
        def areas(*described):
            return comparison.flat({10: process(maps=[area.split(" ") for area in described])})
        apart = areas("1000-2000 rw-p 00000000 ", "2000-3000 rw-p 00000000 ",
                      "5000-6000 r-xp 00001000 /x", "6000-8000 r-xp 00002000 /x",
                      "9000-a000 rw-p 00000000 [heap]", "a000-b000 rw-p 00000000 [heap]")
        self.assertEqual([], comparison.changes(apart, areas("1000-3000 rw-p 00000000 ", "5000-8000 r-xp 00001000 /x",
                                                         "9000-b000 rw-p 00000000 [heap]")))
        for other in (["1000-2000 rw-p 00000000 ", "2000-3000 r--p 00000000 "],
                      ["5000-6000 r-xp 00001000 /x", "6000-8000 r-xp 00001000 /x"]):
            with self.subTest(other):
                self.assertEqual([area.split()[0] for area in other], areas(*other)[10, "mappings"])

    def test_more_private_memory_is_growth_and_nothing_else_is(self):
        def areas(*described, **more):
            return comparison.flat({10: process(maps=[area.split(" ") for area in described], **more)})
        before = areas("1000-2000 rw-p 00000000 ")
        for grown, *described in ((True, "1000-2000 rw-p 00000000 ", "4000-5000 ---p 00000000 "),
                                  (False, "1000-2000 rw-p 00000000 ", "4000-5000 rw-s 00000000 /dev/zero"),
                                  (False, "1000-2000 rw-p 00000000 ", "4000-5000 rw-p 00000000 /x"),
                                  (False, "1000-2000 r--p 00000000 ", "4000-5000 rw-p 00000000 "),
                                  (False, "4000-5000 rw-p 00000000 ")):
            with self.subTest(described):
                self.assertEqual(grown, comparison.has_only_grown(before, areas(*described)))
        self.assertFalse(comparison.has_only_grown(before, areas("1000-2000 rw-p 00000000 ", threads=[11])))

    def test_what_changes_by_itself_is_not_steady(self):
        later = process()
        later["fds"]["3"]["pos"] = "9"
        steady = comparison.steady({10: process()}, {10: later})
        self.assertNotIn((10, "fd 3 pos"), steady)
        self.assertIn((10, "fd 3 link"), steady)


if __name__ == "__main__":
    unittest.main()
