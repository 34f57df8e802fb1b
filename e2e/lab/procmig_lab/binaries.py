# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes programs, built from the Go module in controlplane/."""

import json
import os
import re
import shutil

from . import cache, command, settings
from .errors import LabError

KIND = "controlplane"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet")

_MODULE = settings.SOURCE / "controlplane"
_BUILD_SECONDS = 3600
# Without cgo the programs are static: the kubelet runs in guests that have other libraries.
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "amd64", "GOWORK": "off"}
_TAGS = "selinux,notest,grpcnotrace"
# Where Kubernetes keeps the version it reports; kubectl and client-go read the second.
_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


def key():
    return cache.key_of({
        "go.mod": cache.digest_of_file(_MODULE / "go.mod"),
        "go.sum": cache.digest_of_file(_MODULE / "go.sum"),
        "environment": _ENVIRONMENT,
        "tags": _TAGS,
        "stamps": _STAMPED,
    })


def ensure(store):
    return store.obtain(KIND, key(), lambda directory: _build(directory, store.log(KIND)))


def kubernetes_version(go_mod_text):
    """v1.X.Y as the module file pins it."""
    match = re.search(r"^\s*(?:require\s+)?k8s\.io/kubernetes (v1\.\d+\.\d+)\b", go_mod_text, re.MULTILINE)
    if not match:
        raise LabError(f"{_MODULE / 'go.mod'} requires no k8s.io/kubernetes v1.X.Y")
    return match.group(1)


def linker_flags(version):
    major, minor, _ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "archive"}
    stamps = [f"-X {package}.{name}={value}" for package in _STAMPED for name, value in values.items()]
    return " ".join(["-s", "-w", *stamps])


def _build(directory, log):
    if not shutil.which("go"):
        raise LabError("the control plane is built from source and this machine has no Go",
                       hint="install the Go that controlplane/go.mod names, or a newer one, from https://go.dev/dl/")
    version = kubernetes_version((_MODULE / "go.mod").read_text())
    (directory / "bin").mkdir()
    command.long_running(
        f"building Kubernetes {version} (3 to 10 minutes, once)",
        ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-tags", _TAGS, "-v",
         "-ldflags", linker_flags(version), "-o", f"{directory / 'bin'}/", "tool"],
        env={**os.environ, **_ENVIRONMENT}, cwd=_MODULE, log=log, timeout=_BUILD_SECONDS,
        hint="the Go module proxy must be reachable (`go env GOPROXY`)")
    missing = [name for name in PROGRAMS if not (directory / "bin" / name).exists()]
    if missing:
        raise LabError(f"the build made no {', '.join(missing)}", log=log)
    (directory / "metadata.json").write_text(json.dumps({"kubernetes": version}, indent=2) + "\n")
