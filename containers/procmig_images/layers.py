# SPDX-License-Identifier: Apache-2.0
"""The layers of an image, from what changes least to what changes most."""

import os
import re
import shutil
import zipfile
from pathlib import Path

from . import cache, oci
from .command import run
from .errors import BuildError
from .recipe import REPOSITORY

JAVA_HOME = "/opt/java"
LIBRARIES = "/opt/procmig/lib"
ARCHIVE = "/opt/procmig/app.jsa"

_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nprocmig:x:65532:65532:procmig:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nprocmig:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def jdk():
    """The JDK that the runtime is cut from: JAVA_HOME, or Debian's 17."""
    home = Path(os.environ.get("JAVA_HOME") or "/usr/lib/jvm/java-17-openjdk-amd64")
    if not (home / "jmods").is_dir():
        raise BuildError(f"{home} is no JDK with modules", "apt-get install openjdk-17-jdk-headless, or set JAVA_HOME")
    return home


def runtime(recipe, destination):
    """A Java runtime of the modules that the recipe names."""
    run(jdk() / "bin/jlink", "--add-modules", ",".join(recipe.java_modules), "--output", destination / JAVA_HOME[1:],
        "--strip-debug", "--no-header-files", "--no-man-pages", "--vm=server", what="cutting a Java runtime",
        hint="apt-get install binutils")
    # Made by jlink for the JDK's own default flags; ours has the application in it.
    for archive in (destination / JAVA_HOME[1:]).glob("lib/server/*.jsa"):
        archive.unlink()


def base(java, destination):
    """The C library and what else the runtime links with, from this machine's Debian; accounts; /tmp."""
    libraries = set()
    for binary in [*java.glob("bin/*"), *java.rglob("*.so")]:
        listing = run("ldd", binary, what=f"looking for the libraries of {binary.name}",
                      env={**os.environ, "LD_LIBRARY_PATH": f"{java}/lib:{java}/lib/server"})
        libraries.update(path for path in re.findall(r"(/\S+) \(0x", listing) if not path.startswith(str(java)))
    # Name resolution and thread cancellation load these when they need them.
    libraries.update(("/lib/x86_64-linux-gnu/libgcc_s.so.1", "/lib/x86_64-linux-gnu/libresolv.so.2"))
    for library in sorted(libraries):
        target = destination / ("lib64" if library.startswith("/lib64/") else "lib/x86_64-linux-gnu") / Path(library).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(library, target)
        target.chmod(0o755)
    for name, text in _ACCOUNTS.items():
        path = destination / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, mode in (("tmp", 0o1777), ("proc", 0o755), ("sys", 0o755), ("dev", 0o755), ("run", 0o755)):
        (destination / name).mkdir()
        (destination / name).chmod(mode)


def base_packages():
    """Versions of the packages that the base layer is copied from: part of its cache key."""
    return run("dpkg-query", "--show", "libc6", "libgcc-s1", "zlib1g", "libstdc++6", what="asking dpkg for versions")


def jars(recipe):
    """All jars of the class path in their order: the application's own first, then the others by name."""
    module = REPOSITORY / recipe.module / "target"
    own = sorted(module.glob(f"{recipe.module}-*.jar"))
    own = [jar for jar in own if not jar.stem.endswith(("-sources", "-tests", "-javadoc"))]
    others = sorted((module / "lib").glob("*.jar"))
    if len(own) != 1 or not others:
        raise BuildError(f"{module} holds no build of {recipe.module}", "see what Maven says")
    return own + [jar for jar in others if is_own(jar)] + [jar for jar in others if not is_own(jar)]


def is_own(jar):
    """Whether a jar is part of this repository, and so changes often."""
    return jar.name.startswith("crds-")


def compile_jars(recipe):
    """Build the module with Maven; without the network if everything is there already."""
    arguments = ("--quiet", "--threads", "1", "--projects", recipe.module, "--also-make", "package", "-DskipTests",
                 "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=target/lib",
                 "-Dmdep.overWriteSnapshots=true")
    shutil.rmtree(REPOSITORY / recipe.module / "target/lib", ignore_errors=True)
    try:
        run("mvn", "--offline", *arguments, what=f"compiling {recipe.module}", cwd=REPOSITORY)
    except BuildError:
        run("mvn", *arguments, what=f"compiling {recipe.module}", cwd=REPOSITORY, hint="apt-get install maven")


def install_jars(jar_files, destination):
    target = destination / LIBRARIES[1:]
    target.mkdir(parents=True, exist_ok=True)
    for jar in jar_files:
        copy = target / jar.name
        shutil.copyfile(jar, copy)
        os.utime(copy, (oci.EPOCH, oci.EPOCH))


def native_library(jar_files, destination):
    """JNA's library, unpacked here once instead of at every start; nothing if JNA is not used."""
    for jar in jar_files:
        if jar.name.startswith("jna-"):
            target = destination / "opt/procmig/native/libjnidispatch.so"
            target.parent.mkdir(parents=True)
            with zipfile.ZipFile(jar) as archive:
                target.write_bytes(archive.read("com/sun/jna/linux-x86-64/libjnidispatch.so"))
            target.chmod(0o755)


def agent_files(destination):
    """What the agent brings to a node: the stub and the modules for the kernels they were built for."""
    stub = REPOSITORY / "node-agent/stub/build/procmig-stub"
    if not stub.exists():
        run("make", "--silent", what="building the stub", cwd=REPOSITORY / "node-agent/stub")
    target = destination / "opt/procmig/bin/procmig-stub"
    target.parent.mkdir(parents=True)
    shutil.copyfile(stub, target)
    target.chmod(0o755)
    releases = sorted(path.parent for path in (REPOSITORY / "kmod/build").glob("*/procmig.ko"))
    if not releases:
        raise BuildError("kmod/build holds no modules for any kernel", "make -C kmod")
    for release in releases:
        modules = destination / "opt/procmig/modules" / release.name
        modules.mkdir(parents=True)
        for module in sorted(release.glob("*.ko")):
            shutil.copyfile(module, modules / module.name)
    return [release.name for release in releases]
