# SPDX-License-Identifier: Apache-2.0
"""One guest: a QEMU process, its overlay disks, its power switch."""

import time

from . import clock, command, kernellog, qmp, seed, settings, ssh
from .background import Program
from .errors import LabError

_QEMU_ANSWER_SECONDS = 20
_VIRTIOFSD = "/usr/lib/qemu/virtiofsd"

# mitigations=off: under emulation they cost much and protect nothing.
# slab_nomerge: what a module's caches hold can be told from what others hold.
# loglevel=5 lets warnings of the boot through; sysctl.d raises it once the boot is over.
_KERNEL_ARGUMENTS = ("console=ttyS0,115200", "loglevel=5", "mitigations=off", "slab_nomerge", "net.ifnames=0",
                     "tsc=reliable", "random.trust_cpu=on")


class Guest:
    def __init__(self, flavour, machine):
        self.flavour = flavour
        self.machine = machine
        self.name = machine.name
        self.directory = flavour.machine_state(machine.name)
        self.console = self.directory / "console.log"
        self._mark = self.directory / "console.mark"
        self._program = Program("qemu", self.directory)
        self._files = Program("virtiofsd", self.directory)
        self._control = self.directory / "qmp"
        self._files_socket = self.directory / "virtiofsd.socket"

    def is_running(self):
        return self._program.pid() is not None

    def has_disk(self):
        """Whether its disks are there, and the cached ones that they are differences to."""
        return (self.directory / "root.qcow2").exists() and all(_base(disk).exists() for disk in self._disks())

    def create(self, image, node_disk=None, controlplane=None):
        """Make the disks and what the boot needs, unless the guest has them already."""
        if self.has_disk():
            return
        self.remove()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.console.unlink(missing_ok=True)
        kernel = self.directory / "vmlinuz"
        kernel.unlink(missing_ok=True)
        kernel.symlink_to(image / "vmlinuz")
        (self.directory / "initramfs").write_bytes((image / "initramfs").read_bytes()
                                                   + seed.archive(self.flavour, self.machine, controlplane))
        if node_disk:
            _overlay(node_disk / "node.img", self.directory / "node.qcow2")
        # Last: its presence says that the guest is complete.
        _overlay(image / "root.img", self.directory / "root.qcow2")

    def power_on(self):
        if self.is_running():
            return
        if not self.has_disk():
            raise LabError(f"{self.name} does not exist", hint="`lab up` makes it")
        self.flavour.files.mkdir(parents=True, exist_ok=True)
        self.flavour.files.chmod(0o777)
        # One that lost its guest ends by itself, which may take a moment.
        self._files.kill()
        self._start(self._files, self._virtiofsd(), self._files_socket)
        self._mark_console()
        self._start(self._program, self._qemu(), self._control)

    def _start(self, program, argv, socket):
        """Start a program and wait until it has opened its socket."""
        socket.unlink(missing_ok=True)
        program.start(argv)
        deadline = time.monotonic() + _QEMU_ANSWER_SECONDS
        while not socket.exists():
            program.check_alive()
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: {program.name} opened no socket within {_QEMU_ANSWER_SECONDS} s",
                               log=program.log)
            time.sleep(0.05)

    def check_alive(self):
        if not self.is_running():
            raise LabError(f"{self.name}: the guest is off",
                           log=self._program.log,
                           excerpt=command.tail_of_file(self._program.log) or command.tail_of_file(self.console),
                           hint=f"read {self.console}; then `lab power {self.name} on`")

    def check_boot(self):
        """Fail at once when the guest is off or its kernel has given up, instead of at the end of a wait."""
        self.check_alive()
        said = self._said_since_power_on()
        if "end Kernel panic" in said:
            raise LabError(f"{self.name}: the kernel panicked", log=self.console,
                           excerpt="\n".join(line for _, line in kernellog.troubles(said)),
                           hint=f"`lab power {self.name} reset`")

    def wait_for_login(self, timeout):
        ssh.wait_for(self.flavour, self.machine, timeout, self.check_boot)

    def finish_boot(self, timeout):
        """Wait until the guest lets us in, and set its clock."""
        self.wait_for_login(timeout)
        return clock.synchronize(self.flavour, self.machine)

    def check_units(self):
        """Refuse a guest that let us in but did not start all it should."""
        failed = ssh.run(self.flavour, self.machine, "systemctl list-units --failed --plain --no-legend")
        if failed.strip():
            raise LabError(f"{self.name}: services failed to start", excerpt=failed,
                           hint=f"`lab ssh {self.name} journalctl -b`")

    def power_off(self):
        """Cut the power: what the guest had not written to its disk is lost, as with a real one."""
        self._program.kill()
        self._files.kill()
        ssh.forget(self.flavour, self.machine)

    def reset(self):
        self.check_alive()
        ssh.forget(self.flavour, self.machine)
        self._mark_console()
        qmp.request(self._control, "system_reset")

    def remove(self):
        """Power off and remove all but the logs."""
        self.power_off()
        if self.directory.exists():
            for entry in self.directory.iterdir():
                if entry.suffix != ".log":
                    entry.unlink()

    def _disks(self):
        """The root's first, by which it is known inside."""
        return sorted(self.directory.glob("*.qcow2"), key=lambda disk: (disk.stem != "root", disk.stem))

    def _mark_console(self):
        """Remember where the log of the coming boot starts; what stands before is another boot's."""
        self._mark.write_text(str(self.console.stat().st_size if self.console.exists() else 0))

    def _said_since_power_on(self):
        try:
            with open(self.console, "rb") as console:
                console.seek(int(self._mark.read_text()))
                return console.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _qemu(self):
        argv = ["qemu-system-x86_64",
                "-name", self.name, "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", "q35", "-accel", settings.guest_accelerator(),
                # With erms and fsrm the kernel copies by `rep movsb`, which TCG does byte by byte.
                "-cpu", "max,-erms,-fsrm", "-smp", "1", "-m", str(settings.guest_memory_mib()),
                "-kernel", self.directory / "vmlinuz", "-initrd", self.directory / "initramfs",
                "-append", " ".join(self._kernel_arguments()),
                "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
                "-chardev", f"socket,id=qmp,path={self._control},server=on,wait=off",
                "-mon", "chardev=qmp,mode=control",
                "-netdev", f"tap,id=net0,ifname={self.machine.tap},script=no,downscript=no",
                # A receive ring that runs empty stops for good now and then under TCG: a large one,
                # and no event index, whose notification is what gets lost.
                "-device", f"virtio-net-pci,netdev=net0,mac={self.machine.mac},romfile=,"
                           "rx_queue_size=1024,event_idx=off",
                # Owners and modes pass through unchanged: programs on both guests see one file alike.
                "-fsdev", f"local,id=shared,path={self.flavour.shared},security_model=passthrough,multidevs=remap",
                "-device", "virtio-9p-pci,fsdev=shared,mount_tag=shared",
                # virtiofsd reads and writes the guest's memory itself.
                "-object", f"memory-backend-memfd,id=memory,share=on,size={settings.guest_memory_mib()}M",
                "-machine", "memory-backend=memory",
                "-chardev", f"socket,id=files,path={self._files_socket}",
                "-device", "vhost-user-fs-pci,chardev=files,tag=files",
                "-device", "virtio-rng-pci"]
        for disk in self._disks():
            # cache=unsafe skips the host's fsync only: what the guest flushed survives a kill of QEMU.
            argv += ["-drive", f"if=none,id={disk.stem},file={disk},format=qcow2,cache=unsafe,discard=unmap",
                     "-device", f"virtio-blk-pci,drive={disk.stem}"]
        return argv

    def _virtiofsd(self):
        # No attribute or name outlives the call that asked for it: the other guest may change them.
        return [_VIRTIOFSD, "-f", f"--socket-path={self._files_socket}", "-o", f"source={self.flavour.files}",
                "-o", "sandbox=chroot", "-o", "cache=auto", "-o", "timeout=0", "-o", "log_level=warn"]

    def _kernel_arguments(self):
        arguments = [*_KERNEL_ARGUMENTS,
                     f"lab.address={self.machine.address}/{self.machine.prefix_length}",
                     f"lab.gateway={self.machine.gateway}"]
        if not self.flavour.kubernetes:
            arguments += ["systemd.mask=containerd.service", "systemd.mask=kubelet.service"]
        return arguments


def _base(disk):
    """A link to what an overlay is a difference to."""
    return disk.with_suffix(".base")


def _overlay(base, path):
    _base(path).unlink(missing_ok=True)
    _base(path).symlink_to(base)
    unfinished = path.with_suffix(".unfinished")
    command.output(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, unfinished])
    unfinished.rename(path)
