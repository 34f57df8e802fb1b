# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_lab.errors import LabError
from procmig_lab.initramfs import Archive, load_order, seed

MODULES = """\
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/fs/jbd2/jbd2.ko:
kernel/fs/mbcache.ko:
kernel/lib/crc16.ko:
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
"""


def entries(archive):
    """Names, modes and contents of a newc archive, read independently of how it was written."""
    position = 0
    while True:
        header = archive[position:position + 110]
        assert header[:6] == b"070701", header
        fields = [int(header[6 + 8 * index:14 + 8 * index], 16) for index in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[position + 110:position + 110 + name_size - 1].decode()
        position += (110 + name_size + 3) // 4 * 4
        content = archive[position:position + size]
        position += (size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return
        yield name, mode, content


class LoadOrderTest(unittest.TestCase):
    def test_a_module_comes_after_all_it_needs(self):
        names = [path.rpartition("/")[2] for path in load_order(MODULES, ["virtio_pci", "ext4"])]
        self.assertEqual(["virtio_ring.ko", "virtio.ko", "virtio_pci.ko"], names[:3])
        self.assertEqual({"jbd2.ko", "mbcache.ko", "crc16.ko"}, set(names[3:6]))
        self.assertEqual("ext4.ko", names[6])

    def test_each_module_comes_once(self):
        order = load_order(MODULES, ["virtio_pci", "virtio-rng"])
        self.assertEqual(len(set(order)), len(order))

    def test_dashes_and_underscores_name_the_same_module(self):
        self.assertEqual(load_order(MODULES, ["virtio-rng"]), load_order(MODULES, ["virtio_rng"]))

    def test_an_unknown_module_is_refused(self):
        with self.assertRaisesRegex(LabError, "no module btrfs"):
            load_order(MODULES, ["btrfs"])


class ArchiveTest(unittest.TestCase):
    def test_holds_what_was_put_in(self):
        archive = Archive()
        archive.file("bin/program", b"12345", 0o755)
        self.assertEqual([("bin", 0o040755, b""),
                          ("bin/program", 0o100755, b"12345")], list(entries(archive.finish())))

    def test_makes_each_directory_once_and_parents_first(self):
        archive = Archive()
        archive.file("a/b/one", b"")
        archive.file("a/b/two", b"")
        self.assertEqual(["a", "a/b", "a/b/one", "a/b/two"], [name for name, _, _ in entries(archive.finish())])

    def test_ends_on_a_boundary_that_lets_another_archive_follow(self):
        archive = Archive()
        archive.file("x", b"123")
        self.assertEqual(0, len(archive.finish()) % 512)

    def test_a_seed_lies_below_one_directory(self):
        content = seed({"etc/hostname": ("node\n", 0o644), "/root/.ssh/key": (b"key", 0o600)})
        found = {name: (mode, content) for name, mode, content in entries(content)}
        self.assertEqual((0o100600, b"key"), found["seed/root/.ssh/key"])
        self.assertTrue(all(name.split("/")[0] == "seed" for name in found))


if __name__ == "__main__":
    unittest.main()
