# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from procmig_lab import settings
from procmig_lab.machine import Guest


class DiskTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cached = pathlib.Path(directory.name) / "cached.img"
        self.cached.write_bytes(b"")
        with mock.patch.dict(os.environ, {"PROCMIG_LAB": directory.name}):
            flavour = settings.flavour("guests")
            self.guest = Guest(flavour, flavour.machines[0])
        self.guest.directory.mkdir(parents=True)
        for name in ("root", "node"):
            (self.guest.directory / f"{name}.qcow2").write_bytes(b"")
            (self.guest.directory / f"{name}.base").symlink_to(self.cached)

    def test_a_guest_has_its_disk_while_the_cache_does(self):
        self.assertTrue(self.guest.has_disk())

    def test_a_disk_is_worth_nothing_without_what_it_is_a_difference_to(self):
        self.cached.unlink()
        self.assertFalse(self.guest.has_disk())

    def test_a_half_made_guest_has_none(self):
        (self.guest.directory / "root.qcow2").unlink()
        self.assertFalse(self.guest.has_disk())

    def test_the_root_is_the_first_disk(self):
        drives = [word for word in self.guest._qemu() if str(word).startswith("if=none")]
        self.assertEqual(["root", "node"], [drive.split(",")[1].removeprefix("id=") for drive in drives])
