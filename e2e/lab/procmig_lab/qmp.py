# SPDX-License-Identifier: Apache-2.0
"""One request to a running QEMU over its control socket."""

import json
import socket

from .errors import LabError


def request(path, execute, **arguments):
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30)
            connection.connect(str(path))
            stream = connection.makefile("rw")
            _answer(stream)  # the greeting
            _send(stream, {"execute": "qmp_capabilities"})
            _send(stream, {"execute": execute, **({"arguments": arguments} if arguments else {})})
    except (OSError, ValueError) as error:
        raise LabError(f"QEMU's control socket {path}: {execute} failed: {error}") from error


def _send(stream, message):
    stream.write(json.dumps(message) + "\n")
    stream.flush()
    while True:
        answer = _answer(stream)
        if "error" in answer:
            raise ValueError(answer["error"].get("desc", answer["error"]))
        if "return" in answer:
            return


def _answer(stream):
    line = stream.readline()
    if not line:
        raise ValueError("QEMU closed the connection")
    return json.loads(line)
