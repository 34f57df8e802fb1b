# SPDX-License-Identifier: Apache-2.0
"""Makes the class-data archive: lets the program run in its image against a training API server, records
the classes that it loads, and lets the JVM store them as it needs them in memory.

The program runs in a chroot, as nobody and without rights: it must not touch this machine.
"""

import os
import shutil
import signal
import subprocess

from . import layers
from .command import run
from .errors import BuildError
from .training_api import TrainingApi

NODE = "node-a"
_NOBODY = "65534"
_TOKENS = "var/run/secrets/kubernetes.io/serviceaccount"
_SECONDS = 60
_PEER = "node-b"


def make_archive(recipe, root, class_path, workspace):
    """Put the archive of a recipe's program into a root directory that is complete otherwise."""
    class_list = _record(recipe, root, class_path, workspace)
    shutil.copyfile(class_list, root / "tmp/classes")
    (root / "opt/procmig").chmod(0o777)
    try:
        _enter(root, "-Xshare:dump", "-XX:+UseG1GC", "-Xmx256m", "-XX:SharedClassListFile=/tmp/classes",
               f"-XX:SharedArchiveFile={layers.ARCHIVE}", "-cp", class_path)
    finally:
        (root / "tmp/classes").unlink()
        (root / "opt/procmig").chmod(0o755)
    if not (root / layers.ARCHIVE[1:]).exists():
        raise BuildError("the JVM wrote no class-data archive")
    (root / layers.ARCHIVE[1:]).chmod(0o644)
    # With -Xshare:on the JVM refuses to start where it would otherwise go on without the archive.
    options = [option for option in jvm_options(recipe) if option != "-Xshare:auto"]
    _enter(root, *options, "-Xshare:on", "-cp", class_path, "-version")


def jvm_options(recipe):
    """Options for a small process that starts quickly; the archive's absence costs time, nothing else."""
    return (f"-XX:SharedArchiveFile={layers.ARCHIVE}", "-Xshare:auto", f"-Xmx{recipe.heap}", "-Xss512k",
            "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
            *recipe.java_options)


def _record(recipe, root, class_path, workspace):
    """Run the program until it has done what the recipe expects; return the list of classes it loaded."""
    training = workspace / "training"
    subprocess.run(["cp", "-a", root, training], check=True)
    certificate, key = _certificate(training / "etc/procmig/tls", training / _TOKENS)
    api = TrainingApi(certificate, key)
    for path, item in _objects().items():
        api.store(path, item, "ADDED")
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(api.port),
        "PROCMIG_HEALTH_PORT": "0",
        "PROCMIG_HEALTH_ADDRESS": "127.0.0.1:0",
        "PROCMIG_CONTROL_PORT": "0",
        "NODE_NAME": NODE,
        "POD_NAME": "agent",
        "POD_NAMESPACE": "procmig-system",
        "POD_IP": "127.0.0.1",
        "HOST_IP": "127.0.0.1",
        **recipe.environment,
    }
    (training / "var/lib/procmig").mkdir(parents=True)
    (training / "var/lib/procmig").chmod(0o777)
    options = [option for option in jvm_options(recipe) if "Archive" not in option and "Xshare" not in option]
    process = subprocess.Popen(
        _inside(training, *options, "-Xshare:off", "-XX:DumpLoadedClassList=/tmp/classes", "-cp", class_path,
                recipe.main_class),
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    trained = api.await_request(*recipe.trained_by, _SECONDS)
    if trained:
        # What follows the last expected request is part of the program's daily work, too.
        api.await_request("NEVER", "", 3)
    # To the JVM and not to unshare, which would leave it running: it is the leader of nothing else.
    os.killpg(process.pid, signal.SIGTERM)
    try:
        output, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    api.shutdown()
    class_list = training / "tmp/classes"
    if not trained or not class_list.exists():
        raise BuildError(f"the training run of {recipe.name} did not come as far as {' '.join(recipe.trained_by)}:\n"
                         f"{output[-4000:]}", "run it by hand; its class path is in the message above")
    return class_list


def _inside(root, *java):
    """The command that runs Java in a root directory as nobody, with /proc and /dev and nothing else of the host."""
    script = ('mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && root=$1 && shift && '
              f'exec chroot --userspec={_NOBODY}:{_NOBODY} "$root" {layers.JAVA_HOME}/bin/java "$@"')
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(root), *java]


def _enter(root, *java):
    run(*_inside(root, *java), what="running Java in the image", hint="building images takes root",
        env={"PATH": os.environ["PATH"]})


def _certificate(tls, tokens):
    """A certificate for the training API and for the program itself, where each looks for it."""
    for directory in (tls, tokens):
        directory.mkdir(parents=True)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=training", "-addext", "subjectAltName=IP:127.0.0.1,DNS:procmig-agent",
        "-keyout", tls / "tls.key", "-out", tls / "tls.crt", what="making a certificate", hint="apt-get install openssl")
    (tls / "tls.key").chmod(0o644)
    shutil.copyfile(tls / "tls.crt", tls / "ca.crt")
    shutil.copyfile(tls / "tls.crt", tokens / "ca.crt")
    (tokens / "token").write_text("training")
    (tokens / "namespace").write_text("procmig-system")
    return tls / "tls.crt", tls / "tls.key"


def _objects():
    """A small cluster with something to do."""
    group = "/apis/procmig.io/v1alpha1"
    yes = [{"type": kind, "status": "True", "reason": "Capable", "lastTransitionTime": "2030-01-01T00:00:00Z"}
           for kind in ("Ready", "SourceCapable", "TargetCapable")]
    objects = {
        f"{group}/migrationruntimes/default": {
            "kind": "MigrationRuntime", "metadata": {"name": "default"},
            "spec": {"agent": {"image": "agent", "controlPort": 7443, "imagePullPolicy": "IfNotPresent",
                               "scheduling": "Always"}, "watchdogSeconds": 10}},
        f"{group}/namespaces/default/processmigrations/training": {
            "kind": "ProcessMigration", "metadata": {"name": "training", "namespace": "default"},
            "spec": {"source": {"nodeName": NODE, "process": {"pid": 1}}, "target": {"nodeName": _PEER},
                     "mode": "StopAndCopy", "deadline": "600s", "quiesceTimeout": "5s"}},
        f"/api/v1/nodes/{NODE}": {"kind": "Node", "metadata": {"name": NODE, "labels": {"a": "b"}}},
    }
    for node in (NODE, _PEER):
        objects[f"{group}/migrationnodes/{node}"] = {
            "kind": "MigrationNode", "metadata": {"name": node},
            "status": {"addresses": {"control": "127.0.0.1:7443", "data": "127.0.0.1"}, "slots": {"total": 2, "used": 0},
                       "heartbeatTime": "2130-01-01T00:00:00Z", "conditions": yes}}
    for item in objects.values():
        item["apiVersion"] = "v1" if item["kind"] == "Node" else "procmig.io/v1alpha1"
    return objects
