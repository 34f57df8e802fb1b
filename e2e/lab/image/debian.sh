#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# debian.sh ROOTFS STATE COMMAND…
#
# Runs COMMAND in ROOTFS on this host, with what guests have at /srv/shared and
# /srv/files in the lab's directory STATE. Runs as root in mount, IPC, network and
# PID namespaces of its own: what the command changes elsewhere, or leaves
# running, goes with them.
set -eu
rootfs=$1 state=$2
shift 2

mount --make-rprivate /
# Any directory will do: what is mounted there is seen by nobody else.
mount -t tmpfs -o mode=0755 scratch /run
mkdir /run/upper /run/work /run/root
mount -t overlay -o "lowerdir=$rootfs,upperdir=/run/upper,workdir=/run/work" overlay /run/root
root=/run/root
for shared in shared files; do
	mkdir -p "$state/$shared" "$root/srv/$shared"
	mount --bind "$state/$shared" "$root/srv/$shared"
done
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs shm "$root/dev/shm"
ip link set lo up
chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash app
exec chroot "$root" "$@"
