# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes control plane as plain processes on the host, reachable from the guests' bridge."""

import json
import shutil
import ssl
import time
import urllib.error
import urllib.request

from . import command, kubeconfig, settings
from .background import Program
from .certificates import Authority
from .errors import LabError

_READY_SECONDS = 120


class ControlPlane:
    def __init__(self, flavour, binaries=None):
        self.flavour = flavour
        self.directory = flavour.state / "controlplane"
        self.authority = Authority(self.directory / "pki")
        self.address = flavour.host_address
        self.server = f"https://{self.address}:{settings.API_SERVER_PORT}"
        self._binaries = binaries
        self.etcd = Program("etcd", self.directory)
        self.api_server = Program("kube-apiserver", self.directory)
        self.controller_manager = Program("kube-controller-manager", self.directory)
        self.scheduler = Program("kube-scheduler", self.directory)

    def is_running(self):
        return all(program.pid() for program in self._programs())

    def start(self):
        """Start what does not run, in order, and return when the API server is ready."""
        self._prepare()
        self.etcd.start(self._etcd())
        self.start_api_server()
        self.controller_manager.start(self._controller_manager())
        self.scheduler.start(self._scheduler())

    def start_api_server(self):
        self.api_server.start(self._api_server())
        self.wait_until_ready()

    def stop_api_server(self):
        # It would wait a minute for open watches to end, which they do not.
        self.api_server.stop(patience=3)

    def kill(self):
        """End everything at once; what it stored is about to be removed."""
        # The API server before etcd: without its store it fills its log with retries.
        for program in reversed(self._programs()):
            program.kill()

    def forget(self):
        """Remove all state but the logs."""
        if not self.directory.exists():
            return
        for entry in self.directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.suffix != ".log":
                entry.unlink()

    def wait_until_ready(self):
        deadline = time.monotonic() + _READY_SECONDS
        while not self.is_ready():
            self.etcd.check_alive()
            self.api_server.check_alive()
            if time.monotonic() > deadline:
                raise LabError(f"the API server is not ready after {_READY_SECONDS} s", log=self.api_server.log,
                               excerpt=command.tail_of_file(self.api_server.log),
                               hint="`lab down`, then `lab up`")
            time.sleep(0.2)

    def is_ready(self):
        try:
            return self.get("/readyz") == b"ok"
        except (OSError, urllib.error.URLError):
            return False

    def get(self, path):
        certificate, key = self._admin()
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(certificate, key)
        with urllib.request.urlopen(self.server + path, context=context, timeout=10) as answer:
            return answer.read()

    def ready_nodes(self):
        """The boot ID of each node whose Ready condition is true."""
        try:
            nodes = json.loads(self.get("/api/v1/nodes"))["items"]
        except (OSError, urllib.error.URLError):
            return {}
        return {node["metadata"]["name"]: node["status"]["nodeInfo"]["bootID"] for node in nodes
                if any(condition["type"] == "Ready" and condition["status"] == "True"
                       for condition in node.get("status", {}).get("conditions", []))}

    def check_alive(self):
        for program in self._programs():
            program.check_alive()

    def kubelet_files(self, machine):
        """What a node's kubelet needs of the control plane: path in the guest to content."""
        client = self.authority.issue(f"kubelet-{machine.name}", f"/O=system:nodes/CN=system:node:{machine.name}",
                                      usage="clientAuth")
        serving = self.authority.issue(f"kubelet-{machine.name}-serving",
                                       f"/O=system:nodes/CN=system:node:{machine.name}", usage="serverAuth",
                                       alternative_names=[f"DNS:{machine.name}", f"IP:{machine.address}"])
        return {
            "etc/kubernetes/ca.crt": self.authority.certificate.read_text(),
            "etc/kubernetes/kubelet.crt": serving[0].read_text(),
            "etc/kubernetes/kubelet.key": serving[1].read_text(),
            "etc/kubernetes/kubelet.kubeconfig": kubeconfig.text(self.server, self.authority.certificate, *client),
        }

    def prepare_certificates(self):
        """Make what the nodes' files are made of; the rest follows when the API server starts."""
        self.authority.ensure()

    def _programs(self):
        return self.etcd, self.api_server, self.controller_manager, self.scheduler

    def _admin(self):
        return self.authority.issue("admin", "/O=system:masters/CN=procmig-lab-admin", usage="clientAuth")

    def _prepare(self):
        self.prepare_certificates()
        self._write_kubeconfig(self.flavour.kubeconfig, self._admin())
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._write_kubeconfig(self._kubeconfig_of(name),
                                   self.authority.issue(name, f"/CN=system:{name}", usage="clientAuth"))

    def _write_kubeconfig(self, path, certificate_and_key):
        if not path.exists():
            path.write_text(kubeconfig.text(self.server, self.authority.certificate, *certificate_and_key))
            path.chmod(0o600)

    def _kubeconfig_of(self, name):
        return self.directory / f"{name}.kubeconfig"

    def _etcd(self):
        client = f"http://127.0.0.1:{self.flavour.etcd_port}"
        peer = f"http://127.0.0.1:{self.flavour.etcd_port + 1}"
        return ["etcd", "--name=lab", f"--data-dir={self.directory / 'etcd'}",
                f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=lab={peer}", "--logger=zap", "--log-level=warn"]

    def _api_server(self):
        serving = self.authority.issue(
            "kube-apiserver", "/CN=kube-apiserver", usage="serverAuth",
            alternative_names=["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
                               "DNS:kubernetes.default.svc", "DNS:kubernetes.default.svc.cluster.local",
                               "IP:127.0.0.1", f"IP:{self.address}", f"IP:{settings.KUBERNETES_SERVICE_ADDRESS}"])
        to_kubelets = self.authority.issue("kube-apiserver-kubelet-client",
                                           "/O=system:masters/CN=kube-apiserver-kubelet-client", usage="clientAuth")
        signing, verifying = self.authority.signing_key("service-account")
        return [self._binaries / "kube-apiserver",
                # The bridge's address only: host and guests reach it there, and nobody else does.
                f"--bind-address={self.address}",
                f"--advertise-address={self.address}",
                f"--secure-port={settings.API_SERVER_PORT}",
                f"--etcd-servers=http://127.0.0.1:{self.flavour.etcd_port}",
                f"--client-ca-file={self.authority.certificate}",
                f"--tls-cert-file={serving[0]}",
                f"--tls-private-key-file={serving[1]}",
                f"--kubelet-certificate-authority={self.authority.certificate}",
                f"--kubelet-client-certificate={to_kubelets[0]}",
                f"--kubelet-client-key={to_kubelets[1]}",
                "--kubelet-preferred-address-types=InternalIP",
                f"--service-cluster-ip-range={settings.SERVICE_CIDR}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-signing-key-file={signing}",
                f"--service-account-key-file={verifying}",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--allow-privileged=true",
                # No kube-proxy here: webhooks behind a service are reached by their pods' addresses.
                "--enable-aggregator-routing=true"]

    def _controller_manager(self):
        signing, _ = self.authority.signing_key("service-account")
        return [self._binaries / "kube-controller-manager",
                f"--kubeconfig={self._kubeconfig_of('kube-controller-manager')}",
                # Without it all controllers share one identity that RBAC grants almost nothing.
                "--use-service-account-credentials=true",
                f"--service-account-private-key-file={signing}",
                f"--root-ca-file={self.authority.certificate}",
                f"--cluster-signing-cert-file={self.authority.certificate}",
                f"--cluster-signing-key-file={self.authority.key}",
                "--leader-elect=false",
                "--secure-port=0",
                "--node-monitor-period=2s",
                "--node-monitor-grace-period=20s"]

    def _scheduler(self):
        return [self._binaries / "kube-scheduler",
                f"--kubeconfig={self._kubeconfig_of('kube-scheduler')}",
                "--leader-elect=false",
                "--secure-port=0"]
