# SPDX-License-Identifier: Apache-2.0
"""The command line: build IMAGE OUT.tar."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache, layers, oci, training
from .command import step
from .errors import BuildError
from .recipe import RECIPES, REPOSITORY


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="containers/build",
        description="Build a container image into a tar that `ctr --namespace k8s.io images import` loads.")
    parser.add_argument("image", choices=sorted(RECIPES))
    parser.add_argument("out", type=Path, metavar="OUT.tar")
    options = parser.parse_args(arguments)
    try:
        with cache.lock():
            built = _image(RECIPES[options.image])
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.unlink(missing_ok=True)
            shutil.copyfile(built, options.out)
    except BuildError as error:
        print(f"containers/build: {error}", file=sys.stderr)
        return 1
    print(f"containers: {RECIPES[options.image].tag} is in {options.out} "
          f"({options.out.stat().st_size / 1e6:.0f} MB)", file=sys.stderr)
    return 0


def _image(recipe):
    if os.geteuid() != 0:
        raise BuildError("building images takes root, for the chroot in which the class-data archive is made",
                         f"sudo containers/build {recipe.name} OUT.tar")
    name = f"{recipe.name}-image-"
    image = cache.made(f"{name}{_key(recipe)}.tar", lambda path: _build(recipe, path))
    cache.prune(name)
    return image


def _key(recipe):
    """A hash of everything that the image is made from."""
    extra = [path for pattern in recipe.extra_inputs for path in sorted(REPOSITORY.glob(pattern))]
    return cache.key(
        str(recipe), layers.base_packages(), _java_version(), REPOSITORY / "pom.xml", REPOSITORY / "crds/pom.xml",
        REPOSITORY / "crds/src/main", REPOSITORY / "manifests/crds", REPOSITORY / recipe.module / "pom.xml",
        REPOSITORY / recipe.module / "src/main", REPOSITORY / "containers/procmig_images", *extra)


def _java_version():
    return (layers.jdk() / "release").read_text()


def _build(recipe, path):
    with step(f"compiling {recipe.module}"):
        layers.compile_jars(recipe)
    jars = layers.jars(recipe)
    own = [jar for jar in jars if jar == jars[0] or layers.is_own(jar)]
    libraries = [jar for jar in jars if jar not in own]
    class_path = ":".join(f"{layers.LIBRARIES}/{jar.name}" for jar in jars)
    with cache.workspace() as work:
        parts = {name: work / name for name in ("base", "java", "libraries", "application")}
        for part in parts.values():
            part.mkdir()
        with step("cutting a Java runtime and what it links with"):
            layers.runtime(recipe, parts["java"])
            layers.base(parts["java"] / layers.JAVA_HOME[1:], parts["base"])
        layers.install_jars(libraries, parts["libraries"])
        layers.native_library(libraries, parts["libraries"])
        layers.install_jars(own, parts["application"])
        with step(f"training {recipe.name} for its class-data archive"):
            root = work / "root"
            root.mkdir()
            for part in parts.values():
                subprocess.run(["cp", "-a", f"{part}/.", root], check=True)
            training.make_archive(recipe, root, class_path, work)
            shutil.copyfile(root / layers.ARCHIVE[1:], parts["application"] / layers.ARCHIVE[1:])
        if recipe.name == "node-agent":
            parts["node"] = work / "node"
            parts["node"].mkdir()
            layers.agent_files(parts["node"])
        files = []
        for name, part in parts.items():
            files.append(work / f"{name}.tar")
            oci.write_layer(part, files[-1])
        oci.write_image(path, tag=recipe.tag, layers=files, config={
            "Entrypoint": [f"{layers.JAVA_HOME}/bin/java", *training.jvm_options(recipe), "-cp", class_path,
                           recipe.main_class],
            "User": recipe.user,
            "WorkingDir": "/",
            "Env": ["PATH=/opt/java/bin:/opt/procmig/bin", "LANG=C.UTF-8"],
            "Labels": {"org.opencontainers.image.title": f"procmig {recipe.name}",
                       "org.opencontainers.image.licenses": "Apache-2.0"},
        })
