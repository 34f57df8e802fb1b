# SPDX-License-Identifier: Apache-2.0
"""The tiers: what each installs, builds and runs, and what it counts."""
import os
import pathlib
import subprocess
import time

from . import counts, gate, lanes, step
from .lanes import Shared
from .step import ROOT, run, say

LAB = ROOT / "e2e" / "lab" / "lab"
MAVEN = ["mvn", "-B", "-ntp", "-q"]
BUILD_PACKAGES = ["build-essential", "openssl", "git"]
MINUTE = 60

#: Tiers of one lane follow each other, lanes go on side by side. Maven serves one at a time: unit and
#: api ask it while the nodes of e2e come up.
LANES = (("unit", "api"), ("e2e", "applications"), ("guest", "suite"))


def _kernel_release():
    return subprocess.run([LAB, "-q", "kernel-release"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def _make(directory, *targets):
    run(f"make-{directory.replace('/', '-')}", ["make", "-s", "-C", directory, *targets], 10 * MINUTE)


@Shared
def packages():
    """What the builds need of Debian."""
    step.install(BUILD_PACKAGES)


@Shared
def guests_cache():
    """Disks and kernel headers: all that guests without Kubernetes need."""
    run("lab-cache-guests", [LAB, "--flavour", "guests", "cache"], 15 * MINUTE)


@Shared
def lab_cache():
    """The control plane, too, whose build takes longest: who needs none goes on meanwhile."""
    guests_cache()
    run("lab-cache", [LAB, "cache"], 45 * MINUTE)


@Shared
def modules():
    """The kernel modules and the drive, for the guests' kernel."""
    guests_cache()
    _make("kmod", f"RELEASE={_kernel_release()}", "modules")
    _make("kmod/tests")


@Shared
def programs():
    """The stub and the programs that get migrated."""
    packages()
    for directory in ("node-agent/stub", "e2e/programs", "e2e/suite/programs"):
        _make(directory)


@Shared
def images():
    """The images of operator and agent."""
    programs()
    modules()
    (ROOT / "build" / "images").mkdir(parents=True, exist_ok=True)
    with lanes.MAVEN:
        for image in ("operator", "agent"):
            run(f"image-{image}", ["containers/build", image, f"build/images/{image}.tar"], 20 * MINUTE)


def _cached(binary):
    """A control-plane binary of the lab's cache, built when it is missing."""
    lab_cache()
    cache = pathlib.Path(os.environ.get("PROCMIG_CACHE") or pathlib.Path.home() / ".cache" / "procmig")
    newest = sorted(cache.glob(f"controlplane-*/bin/{binary}"), key=lambda path: path.stat().st_mtime)
    return newest[-1]


def _surefire():
    return sorted(ROOT.glob("*/target/surefire-reports"))


def _failsafe():
    return sorted(ROOT.glob("*/target/failsafe-reports"))


def _maven(name, arguments, timeout, reports, **environment):
    """Run Maven; failing tests count, anything else that fails stops the tier."""
    with lanes.MAVEN:
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


def unit():
    """No lab: Java, Python and the programs to be migrated, each by itself."""
    programs()
    total = _unittest("unit-lab", "e2e/lab")
    total += _unittest("unit-tiers", "e2e/tiers")
    total += _unittest("unit-suite", "e2e/suite")
    total += _counted("unit-programs", ["make", "-s", "-C", "e2e/programs", "check"], 10 * MINUTE,
                      counts.of_tap)
    return total + _maven("unit-java", ["test"], 20 * MINUTE, _surefire)


def api():
    """A real API server and nothing else."""
    packages()
    server = _cached("kube-apiserver")
    return _maven("api-java", ["verify", "-Dsurefire.skip=true",
                               f"-Dprocmig.kube-apiserver={server}", "-Dprocmig.etcd=/usr/bin/etcd"],
                  20 * MINUTE, _failsafe)


def guest():
    """Kernel modules: KUnit, then two guests without Kubernetes."""
    programs()
    modules()
    total = _counted("kunit", ["kmod/tests/kunit/run"], 30 * MINUTE, counts.of_closing_line)
    return total + _counted("guest", ["kmod/tests/guest/run", "--no-build"], 45 * MINUTE,
                            counts.of_closing_line)


def suite():
    """Programs of a folder in two guests without Kubernetes, moved by the real agents."""
    images()
    return _counted("suite", ["e2e/suite/run", "--no-build", "e2e/suite/programs/build"], 20 * MINUTE,
                    counts.of_closing_line)


def _installed(name, *properties):
    """Tests in a lab in which procmig is installed."""
    lab_cache()
    images()
    run("e2e-install", ["e2e/install/install"], 25 * MINUTE)
    return _maven(name, ["verify", "-Pe2e", "-pl", "e2e", "-am", "-Dsurefire.skip=true", *properties],
                  45 * MINUTE, _failsafe)


def e2e():
    """Two real nodes: operator, agents, modules."""
    return _installed("e2e-java")


def applications():
    """Whole applications on two real nodes, there and back: not part of `make test`."""
    return _installed("applications-java", "-De2e.tags=applications|clean", "-De2e.tags.left=none()")


TIERS = {"unit": unit, "api": api, "guest": guest, "suite": suite, "e2e": e2e,
         "applications": applications}


def main(arguments):
    """Run what is named; the exit status is 0 when nothing failed."""
    tasks = {**TIERS, "verify": gate.verify, "generate": gate.generate}
    unknown = [name for name in arguments if name not in tasks]
    if unknown or not arguments:
        say(f"unknown: {' '.join(unknown)}; there are: {' '.join(tasks)}")
        return 2
    started = time.monotonic()
    results = {}
    for lane in lanes.arrange(arguments, LANES):
        results |= lanes.run(lane, tasks)
    say(f"all of it took {time.monotonic() - started:.0f} s")
    for name in arguments:
        say(f"{name}: {results[name]}")
    total = sum(results.values(), counts.Counts())
    say(str(total))
    return 1 if total.failed else 0
