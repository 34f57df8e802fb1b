# SPDX-License-Identifier: Apache-2.0
import hashlib
import io
import json
import tarfile
import tempfile
import unittest
from pathlib import Path

from procmig_lab import oci
from procmig_lab.errors import LabError

NAME = "example.test/some/image:3"


class ImageTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.path = self.directory / "image.tar"
        self.layers = [oci.layer([oci.File("program", b"\x7fELF", 0o755)]),
                       oci.layer([oci.File("etc/text", b"text")])]
        oci.write_image(self.path, name=NAME, layers=self.layers, entrypoint=["/program"])

    def read(self, name):
        with tarfile.open(self.path) as tar:
            return tar.extractfile(name).read()

    def blob(self, descriptor):
        content = self.read("blobs/" + descriptor["digest"].replace(":", "/"))
        self.assertEqual(descriptor["digest"], "sha256:" + hashlib.sha256(content).hexdigest())
        self.assertEqual(descriptor["size"], len(content))
        return content

    def test_every_reference_leads_to_a_blob_of_that_digest_and_size(self):
        (entry,) = json.loads(self.read("index.json"))["manifests"]
        manifest = json.loads(self.blob(entry))
        config = json.loads(self.blob(manifest["config"]))
        layers = [self.blob(layer) for layer in manifest["layers"]]
        self.assertEqual(self.layers, layers)
        self.assertEqual([f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers],
                         config["rootfs"]["diff_ids"])
        self.assertEqual(["/program"], config["config"]["Entrypoint"])

    def test_says_which_version_of_the_layout_it_is(self):
        self.assertEqual({"imageLayoutVersion": "1.0.0"}, json.loads(self.read("oci-layout")))

    def test_same_input_makes_same_bytes(self):
        again = self.directory / "again.tar"
        oci.write_image(again, name=NAME, layers=self.layers, entrypoint=["/program"])
        self.assertEqual(self.path.read_bytes(), again.read_bytes())

    def test_the_name_is_found_again(self):
        self.assertEqual([NAME], oci.image_names(self.path))

    def test_blobs_are_listed_with_their_sizes(self):
        blobs = oci.blobs(self.path)
        self.assertEqual(4, len(blobs))
        for layer in self.layers:
            self.assertEqual(len(layer), blobs["sha256:" + hashlib.sha256(layer).hexdigest()])

    def test_blobs_can_be_left_out(self):
        present = "sha256:" + hashlib.sha256(self.layers[0]).hexdigest()
        smaller = self.directory / "smaller.tar"
        oci.copy_without(self.path, smaller, {present})
        self.assertEqual(oci.blobs(self.path).keys() - {present}, oci.blobs(smaller).keys())
        self.assertEqual([NAME], oci.image_names(smaller))


class LayerTest(unittest.TestCase):
    def test_keeps_modes_and_ignores_the_order_of_files(self):
        files = [oci.File("b", b"2", 0o755), oci.File("a", b"1")]
        content = oci.layer(files)
        self.assertEqual(content, oci.layer(reversed(files)))
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            self.assertEqual([("a", 0o644), ("b", 0o755)], [(member.name, member.mode) for member in tar])


class NamesTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "image.tar"

    def write(self, name, value):
        content = json.dumps(value).encode()
        with tarfile.open(self.path, "w") as tar:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

    def test_a_docker_archive_is_named_by_its_tags(self):
        self.write("manifest.json", [{"RepoTags": [NAME, "example.test/other:1"]}])
        self.assertEqual([NAME, "example.test/other:1"], oci.image_names(self.path))

    def test_an_image_without_a_name_is_refused(self):
        self.write("index.json", {"manifests": [{"annotations": {}}]})
        with self.assertRaisesRegex(LabError, "no image name"):
            oci.image_names(self.path)

    def test_what_is_no_tar_is_refused(self):
        self.path.write_text("text")
        with self.assertRaisesRegex(LabError, "not a readable tar"):
            oci.image_names(self.path)


if __name__ == "__main__":
    unittest.main()
