# SPDX-License-Identifier: Apache-2.0
"""A bridge per flavour with a tap per guest, and the cuts that tests make in it."""

import json
from pathlib import Path

from . import command
from .errors import LabError


def ensure(flavour):
    """Make what is missing, and undo what tests have cut."""
    heal_peers(flavour)
    if not _exists(flavour.bridge):
        _ip("link", "add", flavour.bridge, "type", "bridge")
        _ip("address", "add", f"{flavour.host_address}/24", "dev", flavour.bridge)
    _ip("link", "set", flavour.bridge, "up")
    for machine in flavour.machines:
        if not _exists(machine.tap):
            _ip("tuntap", "add", machine.tap, "mode", "tap")
        _ip("link", "set", machine.tap, "master", flavour.bridge, "up")
        if machine.pod_cidr:
            # The API server calls webhooks and logs by pod and node address from the host.
            _ip("route", "replace", machine.pod_cidr, "via", machine.address, "dev", flavour.bridge)


def remove(flavour):
    for machine in flavour.machines:
        if _exists(machine.tap):
            _ip("link", "delete", machine.tap)
    if _exists(flavour.bridge):
        _ip("link", "delete", flavour.bridge)
    heal_peers(flavour)


def exists(flavour):
    return _exists(flavour.bridge)


def check_free(flavour):
    """Refuse to take an address range that this host already uses for something else."""
    for interface in json.loads(command.output(["ip", "-json", "-4", "address"])):
        for address in interface.get("addr_info", []):
            in_range = address.get("local", "").startswith(f"10.{flavour.network}.0.")
            if in_range and interface["ifname"] != flavour.bridge:
                raise LabError(f"{interface['ifname']} has {address['local']}, inside the lab's {flavour.subnet}",
                               hint="take that interface down, or run the lab on another host")


def set_link(machine, up):
    """Cut or restore everything the guest sends and receives; the guest itself notices no change of carrier."""
    _ip("link", "set", machine.tap, "up" if up else "down")


def cut_peers(flavour, machine):
    """Drop what goes between this guest and the others, silently; the host still reaches all."""
    chain = f"bridge {flavour.bridge} cut-{machine.index}"
    rules = [f"add table bridge {flavour.bridge}",
             f"add chain {chain} {{ type filter hook forward priority 0; policy accept; }}",
             f"flush chain {chain}"]
    for peer in flavour.machines:
        if peer != machine:
            rules += [f'add rule {chain} iifname "{one}" oifname "{other}" drop'
                      for one, other in ((machine.tap, peer.tap), (peer.tap, machine.tap))]
    command.output(["nft", "-f", "-"], input="\n".join(rules) + "\n")


def heal_peers(flavour, machine=None):
    """Undo one guest's cut, or all of them."""
    if machine is None:
        command.succeeds(["nft", "delete", "table", "bridge", flavour.bridge])
    else:
        command.succeeds(["nft", "delete", "chain", "bridge", flavour.bridge, f"cut-{machine.index}"])


def _exists(interface):
    return Path("/sys/class/net", interface).exists()


def _ip(*arguments):
    command.output(["ip", *arguments])
