# SPDX-License-Identifier: Apache-2.0
"""From sources to agents that are ready on both nodes."""

import hashlib
import json

from .cluster import LAB, ROOT, Cluster, conditions, output

NAMESPACE = "procmig-system"

# On the disk that the images are on: a new disk has neither.
_MARK = "/var/lib/node/procmig-loaded"

_LAB_UP_SECONDS = 2400  # with cold caches it builds the control plane
_MODULES_SECONDS = 300
_PROGRAMS_SECONDS = 120
_IMAGE_SECONDS = 1200
_LOAD_SECONDS = 480
_APPLY_SECONDS = 60
_READY_SECONDS = 900
_SETTLE_SECONDS = 60


def build(steps):
    """The images of operator and agent; their files by name."""
    release = output([LAB, "kernel-release"], seconds=_LAB_UP_SECONDS).strip()
    make = ["make", "--no-print-directory"]
    steps.run("kernel modules", [*make, "-C", "kmod", f"RELEASE={release}", "modules"], _MODULES_SECONDS, cwd=ROOT)
    steps.run("stub", [*make, "-C", "node-agent/stub"], _PROGRAMS_SECONDS, cwd=ROOT)
    steps.run("drive", [*make, "-C", "kmod/tests"], _PROGRAMS_SECONDS, cwd=ROOT)
    steps.run("programs", [*make, "-C", "e2e/programs"], _PROGRAMS_SECONDS, cwd=ROOT)
    images = {}
    for part in ("operator", "agent"):
        archive = steps.logs.parent / "images" / f"{part}.tar"
        archive.parent.mkdir(parents=True, exist_ok=True)
        steps.run(f"image of the {part}", [ROOT / "containers" / "build", part, archive], _IMAGE_SECONDS, cwd=ROOT)
        images[part] = archive
    return images


def install(steps):
    """Build, bring the lab up, install, and wait until both nodes can migrate. Return the cluster."""
    images = build(steps)
    up = [LAB, "up"]
    if not all(node["running"] for node in json.loads(output([LAB, "info"]))["nodes"]):
        # Disks that are made now have the images on them: that is quicker than loading them later.
        up += [word for archive in images.values() for word in ("--image", archive)]
    steps.run("lab", up, _LAB_UP_SECONDS)
    cluster = Cluster()
    older = _pods_of(cluster)
    changed = _load_images(steps, cluster, images)
    _apply(steps, cluster)
    _restart(cluster, changed, older)
    _mark_loaded(cluster, images, changed)
    _await_ready(steps, cluster, changed)
    return cluster


def _load_images(steps, cluster, images):
    """Give the nodes the images that they lack; the names of those that changed."""
    changed = [part for part, archive in images.items()
               if any(cluster.ssh(node, f"cat {_MARK}.{part} || true").strip() != _digest(archive)
                      for node in cluster.nodes)]
    if changed:
        steps.run("load images", [LAB, "image", "load", *(images[part] for part in changed)], _LOAD_SECONDS)
    return changed


def _mark_loaded(cluster, images, changed):
    """Written last: whoever is interrupted before starts over."""
    for part in changed:
        for node in cluster.nodes:
            cluster.ssh(node, f"echo {_digest(images[part])} > {_MARK}.{part}")


def _digest(archive):
    with open(archive, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _apply(steps, cluster):
    kubectl = [LAB, "kubectl"]
    steps.run("apply manifests", [*kubectl, "apply", "-k", ROOT / "manifests"], _APPLY_SECONDS)
    steps.run("kinds established",
              [*kubectl, "wait", "--for=condition=Established", "--timeout=30s", "crd/processmigrations.procmig.io",
               "crd/migrationtasks.procmig.io", "crd/migrationnodes.procmig.io", "crd/migrationruntimes.procmig.io"],
              _APPLY_SECONDS)
    steps.run("apply runtime", [*kubectl, "apply", "-k", ROOT / "manifests" / "runtime"], _APPLY_SECONDS)


def _pods_of(cluster):
    """The names of the pods that there are."""
    return [pod["metadata"]["name"] for pod in (cluster.get("-n", NAMESPACE, "pods") or {"items": []})["items"]]


def _restart(cluster, changed, older):
    """Older pods of an image that changed under its tag; new ones have the new image already."""
    labels = {"operator": "procmig-operator", "agent": "procmig-node-agent"}
    outdated = [name for part in changed for name in older if name.startswith(labels[part] + "-")]
    if outdated:
        cluster.kubectl("-n", NAMESPACE, "delete", "pod", "--wait=false", "--ignore-not-found", *outdated)


def _await_ready(steps, cluster, changed):
    steps.wait_until("operator", lambda: _deployment(cluster), _READY_SECONDS)
    steps.wait_until("agents", lambda: _agents(cluster), _READY_SECONDS)
    steps.wait_until("nodes can migrate", lambda: _nodes(cluster), _SETTLE_SECONDS)
    steps.say(f"installed: {', '.join(changed) if changed else 'nothing'} changed, both nodes can migrate")


def _deployment(cluster):
    deployment = cluster.get("-n", NAMESPACE, "deployment", "procmig-operator") or {}
    status = deployment.get("status", {})
    ready = status.get("availableReplicas", 0) >= 1 and not status.get("unavailableReplicas")
    ending, pods = _pods(cluster)
    return ready and not ending, f"available replicas {status.get('availableReplicas', 0)}{pods}"


def _agents(cluster):
    daemons = cluster.get("-n", NAMESPACE, "daemonset", "procmig-node-agent") or {}
    status = daemons.get("status", {})
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    current = status.get("observedGeneration") == daemons.get("metadata", {}).get("generation", -1)
    updated = status.get("updatedNumberScheduled", 0)
    ending, pods = _pods(cluster)
    return (current and not ending and wanted == ready == updated == len(cluster.nodes),
            f"{ready} of {wanted} agents are ready{pods}")


def _pods(cluster):
    """Whether some are about to end, and how all of them are."""
    pods = cluster.get("-n", NAMESPACE, "pods") or {"items": []}
    states = []
    for pod in pods["items"]:
        containers = pod["status"].get("containerStatuses", [])
        waiting = [c["state"]["waiting"].get("reason", "") for c in containers if "waiting" in c.get("state", {})]
        restarts = sum(c.get("restartCount", 0) for c in containers)
        states.append(f"{pod['metadata']['name']} {waiting[0] if waiting else pod['status'].get('phase')}"
                      + (f" ({restarts} restarts)" if restarts else ""))
    ending = any("deletionTimestamp" in pod["metadata"] for pod in pods["items"])
    return ending, f" ({'; '.join(states)})" if states else ""


def _nodes(cluster):
    listed = {node["metadata"]["name"]: conditions(node)
              for node in (cluster.get("migrationnodes") or {"items": []})["items"]}
    wanted = ("Ready", "SourceCapable", "TargetCapable")
    lacking = {name: [c for c in wanted if listed.get(name, {}).get(c) != "True"] for name in cluster.nodes}
    text = "; ".join(f"{name} lacks {', '.join(kinds)}" for name, kinds in lacking.items() if kinds)
    return not text, text
