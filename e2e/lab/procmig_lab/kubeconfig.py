# SPDX-License-Identifier: Apache-2.0
"""Kubeconfig files with everything inline, so that one file can be handed to a program or a guest."""

import base64
import json


def text(server, authority, certificate, key):
    # JSON is YAML, and needs no library to write.
    return json.dumps({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority-data": _inline(authority)}}],
        "users": [{"name": "lab", "user": {"client-certificate-data": _inline(certificate),
                                           "client-key-data": _inline(key)}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }, indent=2) + "\n"


def _inline(path):
    return base64.b64encode(path.read_bytes()).decode()
