# SPDX-License-Identifier: Apache-2.0
"""The disks guests boot from: a root disk for all, and a second disk for nodes of a cluster."""

import json
import shutil

from . import binaries, cache, command, initramfs, oci, settings

_SCRIPTS = settings.SOURCE / "image"
_FILES = settings.SOURCE / "guestroot"
_PAUSE = settings.SOURCE / "pause" / "pause.c"

_ROOT_DISK_SIZE = "4G"
_NODE_DISK_SIZE = "8G"
_BUILD_SECONDS = 900
_NAMESPACES = ("unshare", "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child")

# What a guest that lives for minutes has no use for. Without udev, devtmpfs still
# makes every device node; the drivers are loaded by the initramfs or on request.
_MASKED_UNITS = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "cryptsetup.target",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty-static.service",
    "getty.target",
    "integritysetup.target",
    "modprobe@.service",
    "postgresql.service",
    "proc-sys-fs-binfmt_misc.automount",
    "remote-fs.target",
    "serial-getty@ttyS0.service",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-initctl.socket",
    "systemd-journal-flush.service",
    "systemd-journald-audit.socket",
    "systemd-logind.service",
    "systemd-machine-id-commit.service",
    "systemd-modules-load.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-repart.service",
    "systemd-sysusers.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
    "veritysetup.target",
)


def root_disk_key(debian):
    return cache.key_of({
        "rootfs": debian.key,
        "files": cache.digest_of_tree(_FILES),
        "initramfs": cache.digest_of_tree(settings.SOURCE / "initramfs"),
        "archive": cache.digest_of_file(settings.SOURCE / "procmig_lab" / "initramfs.py"),
        "script": cache.digest_of_file(_SCRIPTS / "root-disk.sh"),
        "masked": _MASKED_UNITS,
        "size": _ROOT_DISK_SIZE,
    })


def ensure_root_disk(store, debian):
    """A directory with root.img, vmlinuz and initramfs."""
    def build(directory):
        root = debian.ensure() / "root"
        release = debian.metadata()["kernelRelease"]
        command.long_running("making the guests' root disk",
                             [*_NAMESPACES, _SCRIPTS / "root-disk.sh", root, _FILES, directory / "root.img",
                              _ROOT_DISK_SIZE, *_MASKED_UNITS],
                             log=store.log("image"), timeout=_BUILD_SECONDS)
        shutil.copyfile(root / "boot" / f"vmlinuz-{release}", directory / "vmlinuz")
        (directory / "initramfs").write_bytes(initramfs.build(root))
        (directory / "metadata.json").write_text(json.dumps({"kernelRelease": release}, indent=2) + "\n")

    return store.obtain("image", root_disk_key(debian), build)


def node_disk_key(debian, images):
    return cache.key_of({
        "containerd": debian.version("containerd"),
        "rootfs": debian.key,
        "kubelet": binaries.key(),
        "pause": [settings.PAUSE_IMAGE, cache.digest_of_file(_PAUSE)],
        "images": [cache.digest_of_file(image) for image in images],
        "script": cache.digest_of_file(_SCRIPTS / "node-disk.sh"),
        "size": _NODE_DISK_SIZE,
    })


def ensure_node_disk(store, debian, images=()):
    """A directory with node.img: the kubelet, and containerd's state with the images unpacked."""
    for image in images:
        oci.image_names(image)

    def build(directory):
        log = store.log("nodedisk")
        programs = binaries.ensure(store) / "bin"
        pause = directory / "pause.tar"
        _make_pause_image(pause)
        command.long_running("making the nodes' containerd disk",
                             [*_NAMESPACES, _SCRIPTS / "node-disk.sh", debian.ensure() / "root", programs / "kubelet",
                              directory / "node.img", _NODE_DISK_SIZE, pause, *images],
                             log=log, timeout=_BUILD_SECONDS)
        shutil.rmtree(directory / "disk")
        shutil.rmtree(directory / "scratch")

    return store.obtain("nodedisk", node_disk_key(debian, images), build)


def debian_command(debian, state, words):
    """What runs a command in the guests' Debian on this host, with the lab's shared directories."""
    root = debian.ensure() / "root"
    return [str(word) for word in (*_NAMESPACES, _SCRIPTS / "debian.sh", root, state, *words)]


def _make_pause_image(path):
    program = path.with_suffix(".bin")
    command.output(["gcc", "-static", "-Os", "-s", "-Wall", "-Werror", "-o", program, _PAUSE],
                   what="compiling the pause program")
    oci.write_image(path, name=settings.PAUSE_IMAGE, entrypoint=["/pause"], user="65535:65535",
                    layers=[oci.layer([oci.File("pause", program.read_bytes(), 0o755)])])
    program.unlink()
