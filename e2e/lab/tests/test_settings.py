# SPDX-License-Identifier: Apache-2.0
import os
import unittest
from unittest import mock

from procmig_lab import settings
from procmig_lab.binaries import kubernetes_version, linker_flags
from procmig_lab.errors import LabError


class FlavourTest(unittest.TestCase):
    def test_no_two_labs_share_an_address_a_bridge_or_a_directory(self):
        seen = []
        for number in range(10):
            with mock.patch.dict(os.environ, {"PROCMIG_LAB_INSTANCE": str(number)}):
                os.environ.pop("PROCMIG_LAB", None)
                for name in ("nodes", "guests"):
                    flavour = settings.flavour(name)
                    seen += [flavour.subnet, flavour.bridge, str(flavour.state)]
                    for machine in flavour.machines:
                        seen += [machine.address, machine.mac, machine.tap]
                        seen += [machine.pod_cidr] if machine.pod_cidr else []
        self.assertEqual(len(set(seen)), len(seen))

    def test_interface_names_fit(self):
        with mock.patch.dict(os.environ, {"PROCMIG_LAB_INSTANCE": "9"}):
            for name in ("nodes", "guests"):
                flavour = settings.flavour(name)
                for interface in (flavour.bridge, *(machine.tap for machine in flavour.machines)):
                    self.assertLess(len(interface), 16)

    def test_the_first_labs_addresses_are_as_documented(self):
        with mock.patch.dict(os.environ, {"PROCMIG_LAB_INSTANCE": ""}):
            self.assertEqual(["10.77.0.11", "10.77.0.12"],
                             [machine.address for machine in settings.flavour("nodes").machines])
            self.assertEqual("10.78.0.1", settings.flavour("guests").host_address)

    def test_an_unknown_machine_is_refused_by_name(self):
        with self.assertRaisesRegex(LabError, "node-c"):
            settings.flavour("nodes").machine("node-c")

    def test_a_setting_that_is_no_number_is_refused_by_name(self):
        for value in ("much", "-1", "12"):
            with mock.patch.dict(os.environ, {"PROCMIG_LAB_MEMORY": value}), \
                    self.assertRaisesRegex(LabError, "PROCMIG_LAB_MEMORY"):
                settings.guest_memory_mib()


class VersionTest(unittest.TestCase):
    def test_is_read_from_the_module_file(self):
        self.assertEqual("v1.36.4", kubernetes_version("module x\n\nrequire k8s.io/kubernetes v1.36.4\n"))
        self.assertEqual("v1.36.4", kubernetes_version("require (\n\tk8s.io/kubernetes v1.36.4 // indirect\n)\n"))

    def test_its_absence_is_refused(self):
        with self.assertRaises(LabError):
            kubernetes_version("module x\n")

    def test_is_stamped_where_programs_look_for_it(self):
        flags = linker_flags("v1.36.4")
        self.assertIn("-X k8s.io/component-base/version.gitVersion=v1.36.4", flags)
        self.assertIn("-X k8s.io/client-go/pkg/version.gitMinor=36", flags)


if __name__ == "__main__":
    unittest.main()
