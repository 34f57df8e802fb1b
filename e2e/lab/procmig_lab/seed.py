# SPDX-License-Identifier: Apache-2.0
"""The files that make a guest of the common image the one machine it is."""

import json
import uuid

from . import initramfs, settings, ssh


def archive(flavour, machine, controlplane=None):
    directory = flavour.machine_state(machine.name)
    host_key, host_key_public = ssh.make_host_key(directory / "ssh_host_key")
    files = {
        "etc/hostname": f"{machine.name}\n",
        "etc/hosts": _hosts(flavour),
        "etc/machine-id": _machine_id(directory) + "\n",
        "etc/ssh/ssh_host_ed25519_key": host_key,
        "etc/ssh/ssh_host_ed25519_key.pub": host_key_public,
        "root/.ssh/authorized_keys": ssh.ensure_key(flavour),
    }
    if controlplane:
        files |= _cluster_node(flavour, machine)
        files |= controlplane.kubelet_files(machine)
    secret = ("etc/ssh/ssh_host_ed25519_key", "etc/kubernetes/kubelet.key", "etc/kubernetes/kubelet.kubeconfig",
              "root/.ssh/authorized_keys")
    return initramfs.seed({name: (content, 0o600 if name in secret else 0o644) for name, content in files.items()})


def _hosts(flavour):
    lines = ["127.0.0.1 localhost", f"{flavour.host_address} lab-host"]
    lines += [f"{machine.address} {machine.name}" for machine in flavour.machines]
    return "\n".join(lines) + "\n"


def _machine_id(directory):
    """The same as long as the machine's disk lives."""
    path = directory / "machine-id"
    if not path.exists():
        path.write_text(uuid.uuid4().hex)
    return path.read_text()


def _cluster_node(flavour, machine):
    return {
        "etc/cni/net.d/10-lab.conflist": _pod_network(machine),
        "etc/kubernetes/kubelet.env": f"NODE_IP={machine.address}\n",
        "etc/kubernetes/kubelet.yaml": _kubelet_configuration(),
        "etc/procmig-lab/network.sh": _network_script(flavour, machine),
    }


def _pod_network(machine):
    return json.dumps({
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [{
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": machine.pod_cidr}]],
                     "routes": [{"dst": "0.0.0.0/0"}]},
        }],
    }, indent=2) + "\n"


def _network_script(flavour, machine):
    """Stands in for kube-proxy and for a cloud's routes: two nodes, one service."""
    routes = [f"ip route replace {peer.pod_cidr} via {peer.address}"
              for peer in flavour.machines if peer != machine]
    api = f"{flavour.host_address}:{settings.API_SERVER_PORT}"
    service = f"ip daddr {settings.KUBERNETES_SERVICE_ADDRESS} tcp dport 443 dnat to {api}"
    return "\n".join([
        *routes,
        "nft -f - <<END",
        "table ip procmig-lab {",
        "\tchain prerouting {",
        "\t\ttype nat hook prerouting priority dstnat;",
        f"\t\t{service}",
        "\t}",
        "\tchain output {",
        "\t\ttype nat hook output priority -100;",
        f"\t\t{service}",
        "\t}",
        "\tchain postrouting {",
        "\t\ttype nat hook postrouting priority srcnat;",
        f"\t\tip saddr {machine.pod_cidr} ip daddr != {flavour.pod_cidr} masquerade",
        "\t}",
        "}",
        "END",
    ]) + "\n"


def _kubelet_configuration():
    return json.dumps({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False},
                           "webhook": {"enabled": True},
                           "x509": {"clientCAFile": "/etc/kubernetes/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": "/etc/kubernetes/kubelet.crt",
        "tlsPrivateKeyFile": "/etc/kubernetes/kubelet.key",
        "cgroupDriver": "systemd",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "failSwapOn": False,
        "clusterDomain": "cluster.local",
        # Nothing to configure for iptables: there is no kube-proxy.
        "makeIPTablesUtilChains": False,
        # Preloaded images come from no registry; a collected one would be gone for good.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "32Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # A node that was cut off shows as such within seconds, as the failure tests want.
        "nodeStatusUpdateFrequency": "4s",
        "nodeLeaseDurationSeconds": 16,
        "syncFrequency": "10s",
        "maxPods": 50,
    }, indent=2) + "\n"
