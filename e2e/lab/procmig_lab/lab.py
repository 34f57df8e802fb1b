# SPDX-License-Identifier: Apache-2.0
"""A whole lab of one flavour: bringing it up, taking it down, describing it."""

import contextlib
import fcntl
import shutil
import time

from . import binaries, hostpackages, image, network, progress, ssh
from .cache import Cache
from .controlplane import ControlPlane
from .errors import LabError
from .machine import Guest
from .rootfs import Rootfs
from .settings import cache_directory

_LOGIN_SECONDS = 240
_NODES_READY_SECONDS = 300


class Lab:
    def __init__(self, flavour):
        self.flavour = flavour
        self.cache = Cache(cache_directory())
        self.guests = [Guest(flavour, machine) for machine in flavour.machines]
        self.controlplane = ControlPlane(flavour) if flavour.kubernetes else None

    def guest(self, name):
        machine = self.flavour.machine(name)
        return next(guest for guest in self.guests if guest.machine == machine)

    def running_guests(self):
        return [guest for guest in self.guests if guest.is_running()]

    def up(self, images=()):
        """Bring up what is not up; a complete lab is left as it is."""
        with self._alone():
            if self._is_complete():
                if images:
                    raise LabError("the lab is already up, and --image only works when its disks are made",
                                   hint="`lab image load FILE.tar…`, or `lab down` first")
                progress.say(f"the {self.flavour.name} lab is already up")
                return
            with progress.step(f"the {self.flavour.name} lab comes up"):
                self._bring_up(images)

    def down(self):
        with self._alone():
            anything = network.exists(self.flavour) or any(guest.has_disk() for guest in self.guests)
            for guest in self.guests:
                guest.remove()
            if self.controlplane:
                self.controlplane.kill()
                self.controlplane.forget()
            network.remove(self.flavour)
            for name in ("ssh_key", "ssh_key.pub"):
                (self.flavour.state / name).unlink(missing_ok=True)
            progress.say(f"the {self.flavour.name} lab is down" if anything else
                         f"the {self.flavour.name} lab was not up")

    def describe(self):
        """What programs that use the lab need to know of it."""
        return {
            "flavour": self.flavour.name,
            "kubeconfig": str(self.flavour.kubeconfig) if self.controlplane else None,
            "nodes": [{
                "name": guest.name,
                "ip": guest.machine.address,
                "running": guest.is_running(),
                "sshCommand": ssh.shell_command(self.flavour, guest.machine),
                "consoleLog": str(guest.console),
                "shared": str(self.flavour.shared),
                "files": str(self.flavour.files),
            } for guest in self.guests],
        }

    def prepare_cache(self):
        """Make every artefact of the flavour, and have the headers that modules are built against."""
        self._host_packages()
        debian = Rootfs(self.cache)
        image.ensure_root_disk(self.cache, debian)
        self.kernel_release()
        if self.controlplane:
            image.ensure_node_disk(self.cache, debian)
            binaries.ensure(self.cache)

    def debian_command(self, words):
        """The command line that runs words in the guests' Debian on this host."""
        return image.debian_command(Rootfs(self.cache), self.flavour.state, words)

    def kernel_release(self):
        """The guests' kernel, with its headers installed on this host."""
        release = Rootfs(self.cache).kernel_release()
        hostpackages.ensure_installed([f"linux-headers-{release}"], self.cache.log("host"))
        return release

    def control_plane_with_programs(self):
        """A control plane that can start programs; the cache must have them."""
        if not self.controlplane:
            raise LabError(f"the {self.flavour.name} lab has no control plane")
        return ControlPlane(self.flavour, binaries.ensure(self.cache) / "bin")

    def wait(self, names, timeout):
        """Wait until guests let us in and, in a cluster, are Ready."""
        guests = [self.guest(name) for name in names] or self.guests
        for guest in guests:
            guest.wait_for_login(timeout)
        if self.controlplane:
            self._wait_until_ready(guests, timeout)

    def _is_complete(self):
        if not network.exists(self.flavour) or not all(guest.is_running() for guest in self.guests):
            return False
        if self.controlplane:
            return (self.controlplane.is_running()
                    and self.controlplane.ready_nodes().keys() >= set(self.flavour.machine_names))
        return all(ssh.answers(self.flavour, guest.machine) for guest in self.guests)

    def _wait_until_ready(self, guests, timeout):
        deadline = time.monotonic() + timeout
        waiting = list(guests)
        while True:
            ready = self.controlplane.ready_nodes()
            for guest in waiting[:]:
                if guest.name in ready and self._is_this_boot(guest, ready[guest.name]):
                    progress.say(f"{guest.name} is Ready")
                    waiting.remove(guest)
            if not waiting:
                return
            self.controlplane.check_alive()
            for guest in waiting:
                guest.check_boot()
            if time.monotonic() > deadline:
                names = [guest.name for guest in waiting]
                raise LabError(f"not Ready after {timeout:.0f} s: {', '.join(names)}",
                               hint=f"`lab ssh {names[0]} journalctl -u kubelet -u containerd`")
            time.sleep(0.5)

    def _is_this_boot(self, guest, boot_id):
        """A node that was reset stays Ready for a while; only its new boot ID shows that it is back."""
        return ssh.run(self.flavour, guest.machine, "cat /proc/sys/kernel/random/boot_id",
                       check=False).strip() == boot_id

    def _bring_up(self, images):
        self._host_packages()
        controlplane = self.control_plane_with_programs() if self.controlplane else None
        if not all(guest.has_disk() for guest in self.guests):
            self._make_disks(images, controlplane)
        network.check_free(self.flavour)
        network.ensure(self.flavour)
        # The guests first: they take longest, and need the control plane only near the end.
        for guest in self.guests:
            guest.power_on()
        progress.say(f"{' and '.join(guest.name for guest in self.guests)} boot")
        if controlplane:
            controlplane.start()
            progress.say(f"the API server is ready at {controlplane.server}")
            self._wait_until_ready(self.guests, _NODES_READY_SECONDS)
        for guest in self.guests:
            guest.finish_boot(_LOGIN_SECONDS)
            guest.check_units()

    def _make_disks(self, images, controlplane):
        debian = Rootfs(self.cache)
        root_disk = image.ensure_root_disk(self.cache, debian)
        node_disk = image.ensure_node_disk(self.cache, debian, images) if controlplane else None
        self.flavour.state.mkdir(parents=True, exist_ok=True)
        for log in self.flavour.state.glob("*/*.log"):
            log.unlink()
        _empty(self.flavour.shared)
        _empty(self.flavour.files)
        if controlplane:
            controlplane.prepare_certificates()
        for guest in self.guests:
            guest.create(root_disk, node_disk, controlplane)

    def _host_packages(self):
        hostpackages.ensure_installed(hostpackages.REQUIRED, self.cache.log("host"))

    @contextlib.contextmanager
    def _alone(self):
        """One up or down at a time."""
        self.flavour.state.mkdir(parents=True, exist_ok=True)
        with open(self.flavour.state / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with progress.step(f"waiting for another `lab` that changes the {self.flavour.name} lab"):
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _empty(directory):
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    # Any user of any guest may write here. Not sticky as /tmp is: in a sticky directory
    # the kernel forbids even root to open another user's file for writing by O_CREAT.
    directory.chmod(0o777)
