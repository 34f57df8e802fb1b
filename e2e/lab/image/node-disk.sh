#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# node-disk.sh ROOTFS KUBELET OUTPUT SIZE [IMAGE.tar…]
#
# Writes the ext4 image of a cluster node's second disk: the kubelet, and a
# containerd state into which the images are already imported and unpacked. The
# containerd that does it is the guests' own, run here in a chroot at the host's
# speed; inside an emulated guest the same import takes minutes.
# Runs as root in mount, network and PID namespaces of its own: whatever is still
# mounted or running when this ends goes with them.
set -eu
rootfs=$1 kubelet=$2 output=$3 size=$4
shift 4

work=$(dirname "$output")
disk=$work/disk
scratch=$work/scratch
mkdir -p "$disk/bin" "$disk/containerd" "$scratch"
cp "$kubelet" "$disk/bin/kubelet"

mount --make-rprivate /
mount -t tmpfs -o mode=0755 scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root" "$scratch/images"
mount -t overlay -o "lowerdir=$rootfs,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
root=$scratch/root
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
mount --rbind /dev "$root/dev"
mkdir -p "$root/var/lib/node" "$root/run/images"
mount --bind "$disk" "$root/var/lib/node"

cat >"$root/run/config.toml" <<-'END'
	version = 2
	root = "/var/lib/node/containerd"
	state = "/run/containerd"
	# Only what unpacks images; the CRI part wants a cluster node around it.
	disabled_plugins = [
	  "io.containerd.grpc.v1.cri",
	  "io.containerd.internal.v1.opt",
	  "io.containerd.snapshotter.v1.aufs",
	  "io.containerd.snapshotter.v1.btrfs",
	  "io.containerd.snapshotter.v1.devmapper",
	  "io.containerd.snapshotter.v1.zfs",
	]
	[grpc]
	  address = "/run/containerd.sock"
END
chroot "$root" containerd --config /run/config.toml --log-level warn &
daemon=$!
patience=150
until chroot "$root" ctr --address /run/containerd.sock version >/dev/null 2>&1; do
	patience=$((patience - 1))
	if [ $patience -eq 0 ]; then
		echo "containerd did not answer" >&2
		exit 1
	fi
	sleep 0.2
done

for image; do
	: >"$root/run/images/image.tar"
	mount --bind "$image" "$root/run/images/image.tar"
	chroot "$root" ctr --address /run/containerd.sock --namespace k8s.io images import /run/images/image.tar
	umount "$root/run/images/image.tar"
done
chroot "$root" ctr --address /run/containerd.sock --namespace k8s.io images list

kill "$daemon"
wait "$daemon" || true
mkfs.ext4 -q -F -L lab-node -m 0 -J size=16 -E lazy_itable_init=1,lazy_journal_init=1 -d "$disk" "$output" "$size"
