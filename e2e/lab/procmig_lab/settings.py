# SPDX-License-Identifier: Apache-2.0
"""Every setting of the lab in one place: directories, flavours, sizes, addresses."""

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

SOURCE = Path(__file__).resolve().parent.parent

PAUSE_IMAGE = "procmig.io/lab/pause:1"

SERVICE_CIDR = "10.96.0.0/16"
KUBERNETES_SERVICE_ADDRESS = "10.96.0.1"
API_SERVER_PORT = 6443


def cache_directory():
    return Path(os.environ.get("PROCMIG_CACHE") or Path.home() / ".cache" / "procmig")


def instance():
    """Several labs can run side by side, each with its own number, addresses and directory."""
    return _integer("PROCMIG_LAB_INSTANCE", 0, 0, 9)


def lab_directory():
    suffix = f"-{instance()}" if instance() else ""
    return Path(os.environ.get("PROCMIG_LAB") or f"/var/tmp/procmig-lab{suffix}")


def guest_memory_mib():
    return _integer("PROCMIG_LAB_MEMORY", 2048, 512, 65536)


def guest_accelerator():
    """TCG by default: most machines that run the tests have no KVM, and figures must compare."""
    return os.environ.get("PROCMIG_LAB_ACCEL") or "tcg,tb-size=256"


def _integer(name, default, least, most):
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdigit() or not least <= int(text) <= most:
        raise LabError(f"{name}={text}: expected a whole number from {least} to {most}")
    return int(text)


@dataclass(frozen=True)
class Machine:
    """One guest as the lab knows it before it exists."""

    name: str
    index: int
    address: str
    prefix_length: int
    gateway: str
    mac: str
    tap: str
    pod_cidr: str | None


@dataclass(frozen=True)
class Flavour:
    """A kind of lab: `nodes` is a cluster, `guests` is bare machines for kernel tests."""

    name: str
    kubernetes: bool
    machine_names: tuple
    network: int  # the N of 10.N.0.0/24
    pod_network: int  # the N of 10.N.0.0/16
    bridge: str
    state: Path
    etcd_port: int

    @property
    def host_address(self):
        return f"10.{self.network}.0.1"

    @property
    def subnet(self):
        return f"10.{self.network}.0.0/24"

    @property
    def pod_cidr(self):
        return f"10.{self.pod_network}.0.0/16"

    @property
    def shared(self):
        return self.state / "shared"

    @property
    def files(self):
        """What all guests mount by virtiofs besides: for files of every kind, which 9p does not take."""
        return self.state / "files"

    @property
    def kubeconfig(self):
        return self.state / "controlplane" / "admin.kubeconfig"

    @property
    def machines(self):
        return tuple(
            Machine(name=name,
                    index=index,
                    address=f"10.{self.network}.0.{10 + index}",
                    prefix_length=24,
                    gateway=self.host_address,
                    mac=f"52:54:00:{self.network:02x}:00:{10 + index:02x}",
                    tap=f"{self.bridge}-{index}",
                    pod_cidr=f"10.{self.pod_network}.{index}.0/24" if self.kubernetes else None)
            for index, name in enumerate(self.machine_names, start=1))

    def machine(self, name):
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise LabError(f"{name}: no such machine in the {self.name} lab",
                       hint=f"one of {', '.join(self.machine_names)}")

    def machine_state(self, name):
        return self.state / name


def flavour(name):
    number = instance()
    suffix = str(number) if number else ""
    common = {"pod_network": 244 - number, "etcd_port": 23790 + 2 * number}
    if name == "nodes":
        return Flavour("nodes", True, ("node-a", "node-b"), network=77 + 2 * number,
                       bridge=f"pmnodes{suffix}", state=lab_directory(), **common)
    if name == "guests":
        return Flavour("guests", False, ("guest-a", "guest-b"), network=78 + 2 * number,
                       bridge=f"pmguests{suffix}", state=lab_directory() / "guests", **common)
    raise LabError(f"{name}: no such flavour", hint="nodes or guests")
