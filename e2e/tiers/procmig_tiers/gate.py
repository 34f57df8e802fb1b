# SPDX-License-Identifier: Apache-2.0
"""The static gate, and the generators whose drift it checks."""
import re
import subprocess

from . import counts, step
from .step import ROOT, run

LAB = ROOT / "e2e" / "lab" / "lab"
MAVEN = ["mvn", "-B", "-ntp", "-q"]
MINUTE = 60

#: by suffix or name: what a first lines' SPDX tag must say, by the part of the tree
SOURCES = {".java", ".py", ".sh", ".c", ".h", ".go", ".yaml", ".yml"}
GENERATED = ("manifests/crds/", "crds/src/baseline/")
TAG = re.compile(r"SPDX-License-Identifier: (.+?)\s*(?:\*/|-->)?$")


def _license_of(path):
    if path.startswith("kmod/include/uapi/"):
        return "GPL-2.0-only WITH Linux-syscall-note"
    if path.startswith("kmod/"):
        return "GPL-2.0-only"
    return "Apache-2.0"


def check_licences():
    """Every source file has an SPDX line, and the right one."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split("\n")
    wrong = []
    for name in filter(None, files):
        path = ROOT / name
        if name.startswith(GENERATED) or not path.is_file() or path.is_symlink():
            continue
        head = path.read_bytes()[:400].decode(errors="replace").splitlines()[:4]
        if path.suffix not in SOURCES and not (head and head[0].startswith("#!")):
            continue
        tags = [match[1] for match in map(TAG.search, head) if match]
        if tags[:1] != [_license_of(name)]:
            wrong.append(f"{name}: has {tags[0] if tags else 'no SPDX line'}, "
                         f"wants {_license_of(name)}")
    if wrong:
        raise step.StepFailed("licences:\n" + "\n".join(wrong))
    return counts.Counts(passed=1)


def _kernel_release():
    return subprocess.run([LAB, "-q", "kernel-release"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def verify():
    """Format, Error Prone, imports, generated files, licences, checkpatch, sparse."""
    step.install(["build-essential", "git", "sparse", "perl", "xz-utils"])
    total = check_licences()
    release = _kernel_release()
    checks = [
        ("verify-abi", ["node-agent/abi/regenerate", "--check"], 5 * MINUTE),
        ("verify-modules", ["make", "-s", "-C", "kmod", f"RELEASE={release}", "modules"], 10 * MINUTE),
        ("verify-sparse", ["make", "-s", "-C", "kmod", f"RELEASE={release}", "sparse"], 10 * MINUTE),
        ("verify-checkpatch", ["kmod/tests/checkpatch"], 10 * MINUTE),
        ("verify-java", [*MAVEN, "verify", "-Pgate", "-DskipITs", "-DskipTests"], 20 * MINUTE),
    ]
    for name, argv, timeout in checks:
        run(name, argv, timeout)
        total += counts.Counts(passed=1)
    return total


def generate():
    """Write the CRDs, the reference documents and the ABI dump anew."""
    run("generate-abi", ["node-agent/abi/regenerate"], 5 * MINUTE)
    run("generate-java", [*MAVEN, "test", "-pl", "crds,operator", "-am", "-Dprocmig.regenerate=true"],
        15 * MINUTE)
    return counts.Counts(passed=2)
