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
POD_CIDR = "10.244.0.0/16"
API_SERVER_PORT = 6443
ETCD_PORT = 23790
ETCD_PEER_PORT = 23800


def cache_directory():
    return Path(os.environ.get("PROCMIG_CACHE") or Path.home() / ".cache" / "procmig")


def lab_directory():
    return Path(os.environ.get("PROCMIG_LAB") or "/var/tmp/procmig-lab")


def guest_memory_mib():
    return _integer("PROCMIG_LAB_MEMORY", 2048, 512)


def guest_accelerator():
    """TCG by default: most machines that run the tests have no KVM, and figures must compare."""
    return os.environ.get("PROCMIG_LAB_ACCEL") or "tcg,tb-size=256"


def _integer(name, default, least):
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdigit() or int(text) < least:
        raise LabError(f"{name}={text}: expected a whole number of at least {least}")
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
    network: int  # second octet's value in 10.N.0.0/24
    bridge: str
    state: Path

    @property
    def host_address(self):
        return f"10.{self.network}.0.1"

    @property
    def subnet(self):
        return f"10.{self.network}.0.0/24"

    @property
    def shared(self):
        return self.state / "shared"

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
                    pod_cidr=f"10.244.{index}.0/24" if self.kubernetes else None)
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
    if name == "nodes":
        return Flavour("nodes", True, ("node-a", "node-b"), 77, "pmnodes", lab_directory())
    if name == "guests":
        return Flavour("guests", False, ("guest-a", "guest-b"), 78, "pmguests", lab_directory() / "guests")
    raise LabError(f"{name}: no such flavour", hint="nodes or guests")
