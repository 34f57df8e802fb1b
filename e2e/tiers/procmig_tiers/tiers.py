# SPDX-License-Identifier: Apache-2.0
"""The tiers: what each installs, builds and runs, and what it counts."""
import os
import pathlib
import subprocess
import time

from . import counts, gate, step
from .step import ROOT, run, say

LAB = ROOT / "e2e" / "lab" / "lab"
MAVEN = ["mvn", "-B", "-ntp", "-q"]
BUILD_PACKAGES = ["build-essential", "openssl", "git"]
MINUTE = 60


def _kernel_release():
    return subprocess.run([LAB, "-q", "kernel-release"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def _cached(binary):
    """A control-plane binary of the lab's cache, built when it is missing."""
    run("lab-cache", [LAB, "cache"], 45 * MINUTE)
    cache = pathlib.Path(os.environ.get("PROCMIG_CACHE") or pathlib.Path.home() / ".cache" / "procmig")
    newest = sorted(cache.glob(f"controlplane-*/bin/{binary}"), key=lambda path: path.stat().st_mtime)
    return newest[-1]


def _surefire():
    return sorted(ROOT.glob("*/target/surefire-reports"))


def _failsafe():
    return sorted(ROOT.glob("*/target/failsafe-reports"))


def _maven(name, arguments, timeout, reports, **environment):
    """Run Maven; failing tests count, anything else that fails stops the tier."""
    since = time.time()
    output = run(name, [*MAVEN, *arguments], timeout, environment, check=False)
    found = counts.of_junit(reports(), since)
    if output.status and not found.failed:
        raise step.StepFailed(f"{name} failed outside of a test; its log is "
                              f"{step.LOGS / name}.log\n{output.text[-3000:]}")
    if found.failed:
        say(output.text[-6000:])
    return found


def _counted(name, argv, timeout, count):
    """Run a test runner that is not Maven's; one that fails without saying so has failed."""
    output = run(name, argv, timeout, check=False)
    found = count(output.text)
    if output.status and not found.failed:
        found += counts.Counts(failed=1)
    if found.failed:
        say(output.text[-6000:])
    return found


def _unittest(name, directory):
    return _counted(name, ["/usr/bin/python3", "-m", "unittest", "discover", "-s",
                           f"{directory}/tests", "-t", directory], 5 * MINUTE, counts.of_unittest)


def _make(directory, *targets):
    run(f"make-{directory.replace('/', '-')}", ["make", "-s", "-C", directory, *targets], 10 * MINUTE)


def unit():
    """No lab: Java, Python and the programs to be migrated, each by itself."""
    step.install(BUILD_PACKAGES)
    total = _unittest("unit-lab", "e2e/lab")
    total += _unittest("unit-tiers", "e2e/tiers")
    total += _unittest("unit-suite", "e2e/suite")
    total += _counted("unit-programs", ["make", "-s", "-C", "e2e/programs", "check"], 10 * MINUTE,
                      counts.of_tap)
    _make("node-agent/stub")
    return total + _maven("unit-java", ["test"], 20 * MINUTE, _surefire)


def api():
    """A real API server and nothing else."""
    step.install(BUILD_PACKAGES)
    server = _cached("kube-apiserver")
    return _maven("api-java", ["verify", "-Dsurefire.skip=true",
                               f"-Dprocmig.kube-apiserver={server}", "-Dprocmig.etcd=/usr/bin/etcd"],
                  20 * MINUTE, _failsafe)


def guest():
    """Kernel modules: KUnit, then two guests without Kubernetes."""
    step.install(BUILD_PACKAGES)
    run("lab-cache", [LAB, "cache"], 45 * MINUTE)
    _make("kmod", f"RELEASE={_kernel_release()}", "modules")
    for directory in ("node-agent/stub", "kmod/tests", "e2e/programs"):
        _make(directory)
    total = _counted("kunit", ["kmod/tests/kunit/run"], 30 * MINUTE, counts.of_closing_line)
    return total + _counted("guest", ["kmod/tests/guest/run"], 45 * MINUTE, counts.of_closing_line)


def suite():
    """Programs of a folder in two guests without Kubernetes, moved by the real agents."""
    step.install(BUILD_PACKAGES)
    run("lab-cache", [LAB, "cache"], 45 * MINUTE)
    _make("e2e/suite/programs")
    return _counted("suite", ["e2e/suite/run", "e2e/suite/programs/build"], 20 * MINUTE,
                    counts.of_closing_line)


def e2e():
    """Two real nodes: operator, agents, modules."""
    step.install(BUILD_PACKAGES)
    run("lab-cache", [LAB, "cache"], 45 * MINUTE)
    run("e2e-install", ["e2e/install/install"], 25 * MINUTE)
    return _maven("e2e-java", ["verify", "-Pe2e", "-pl", "e2e", "-am", "-Dsurefire.skip=true"],
                  45 * MINUTE, _failsafe)


TIERS = {"unit": unit, "api": api, "guest": guest, "suite": suite, "e2e": e2e}


def main(arguments):
    """Run what is named, in that order; the exit status is 0 when nothing failed."""
    tasks = {**TIERS, "verify": gate.verify, "generate": gate.generate}
    unknown = [name for name in arguments if name not in tasks]
    if unknown or not arguments:
        say(f"unknown: {' '.join(unknown)}; there are: {' '.join(tasks)}")
        return 2
    results = {}
    broken = False
    started = time.monotonic()
    for name in arguments:
        say(f"{name}: starts")
        begun = time.monotonic()
        try:
            results[name] = tasks[name]()
        except step.StepFailed as failure:
            say(f"{name}: {failure}")
            results[name] = counts.Counts(failed=1)
            broken = True
        say(f"{name}: ended after {time.monotonic() - begun:.0f} s")
    say(f"all of it took {time.monotonic() - started:.0f} s")
    for name, result in results.items():
        say(f"{name}: {result}")
    total = sum(results.values(), counts.Counts())
    say(str(total))
    return 1 if broken or total.failed else 0
