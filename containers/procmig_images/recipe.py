# SPDX-License-Identifier: Apache-2.0
"""What goes into each image."""

from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# What the class path needs. Jackson and snakeyaml can do without java.desktop and java.sql, which
# jdeps would add; jdk.crypto.ec is found at run time only.
_JAVA_MODULES = (
    "java.base",
    "java.logging",
    "java.management",
    "java.naming",
    "java.net.http",
    "java.xml",
    "jdk.crypto.ec",
    "jdk.httpserver",
    "jdk.unsupported",
)


@dataclass(frozen=True)
class Recipe:
    """An image: its module of the Maven build, and how its process starts."""

    name: str
    module: str
    main_class: str
    user: str
    heap: str
    # A request that shows the training run has come as far as it can: method and part of the path.
    trained_by: tuple
    java_modules: tuple = _JAVA_MODULES
    java_options: tuple = ()
    environment: dict = field(default_factory=dict)
    # Files, as patterns, that go into the image besides the Maven build's.
    extra_inputs: tuple = ()

    @property
    def tag(self):
        return f"docker.io/procmig/{self.name}:dev"


RECIPES = {
    "operator": Recipe(
        name="operator",
        module="operator",
        main_class="io.procmig.operator.ProcmigOperator",
        user="65532:65532",
        heap="64m",
        trained_by=("PATCH", "/migrationruntimes/default/status"),
    ),
    "agent": Recipe(
        name="node-agent",
        module="node-agent",
        main_class="io.procmig.agent.NodeAgent",
        user="0:0",
        heap="64m",
        trained_by=("PATCH", "/migrationnodes/"),
        java_options=("-Djna.boot.library.path=/opt/procmig/native", "-Djna.nounpack=true", "-Djna.nosys=true"),
        extra_inputs=("node-agent/stub/build/procmig-stub", "kmod/build/*/*.ko"),
    ),
}
