#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# root-disk.sh ROOTFS FILES OUTPUT SIZE [MASKED-UNIT…]
#
# Writes an ext4 image of ROOTFS with FILES laid over it. Runs as root in a mount
# namespace of its own: the changes live in an overlay on a tmpfs, so ROOTFS stays
# as it is and nothing is left behind, however this ends.
set -eu
rootfs=$1 files=$2 output=$3 size=$4
shift 4

scratch=$(dirname "$output")/scratch
mkdir "$scratch"
mount --make-rprivate /
mount -t tmpfs -o mode=0755 scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay -o "lowerdir=$rootfs,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
root=$scratch/root

# By tar, not cp: directories take the modes they have below, owners become root.
tar -C "$files" --owner=0 --group=0 --mode=u+rwX,go+rX,go-w -cf - . | tar -C "$root" --no-overwrite-dir -xpf -

mkdir -p "$root/srv/shared" "$root/srv/files" "$root/var/lib/node"
chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash app
for unit; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
for unit in kubelet.service lab-network.service; do
	ln -sf "/etc/systemd/system/$unit" "$root/etc/systemd/system/multi-user.target.wants/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
# Each guest brings its own.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
rm -f "$root/etc/fstab" "$root/var/log"/*.log "$root/var/log/apt"/*

mkfs.ext4 -q -F -L lab-root -m 0 -J size=16 -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$output" "$size"
umount "$root" "$scratch"
rmdir "$scratch"
