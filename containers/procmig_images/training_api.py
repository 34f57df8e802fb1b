# SPDX-License-Identifier: Apache-2.0
"""Just enough of an API server for a program to do in a training run what it does in a cluster.

Objects live in a dictionary by path. Nothing is validated; every kind exists.
"""

import base64
import copy
import hashlib
import http.server
import json
import queue
import socketserver
import ssl
import struct
import threading
import time
import urllib.parse

_WATCH_SECONDS = 60
_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class TrainingApi(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serves on a port of its own choice until it is closed."""

    daemon_threads = True

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.objects = {}
        self.watchers = []
        self.requests = []
        self.changed = threading.Condition()
        self.version = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def await_request(self, method, part, seconds):
        """Whether a request of a method to a path with a part in it was answered in time."""
        end = time.monotonic() + seconds
        with self.changed:
            while not any(m == method and part in path for m, path in self.requests):
                if not self.changed.wait(end - time.monotonic()) or time.monotonic() > end:
                    return False
        return True

    def handle_error(self, request, client_address):
        """Clients go away when they are done; that is no failure of the training."""

    def store(self, path, item, event):
        with self.changed:
            self.version += 1
            item.setdefault("metadata", {})["resourceVersion"] = str(self.version)
            item["metadata"].setdefault("uid", f"uid-{self.version}")
            item["metadata"].setdefault("generation", 1)
            item["metadata"].setdefault("creationTimestamp", "2030-01-01T00:00:00Z")
            self.objects[path] = item
            for prefix, events in self.watchers:
                if _in_collection(path, prefix):
                    events.put({"type": event, "object": copy.deepcopy(item)})
        return item


def _in_collection(path, collection):
    """Whether an object belongs to a collection, which may be that of all namespaces."""
    parts, wanted = path.strip("/").split("/"), collection.strip("/").split("/")
    if "namespaces" in parts and "namespaces" not in wanted and len(parts) > parts.index("namespaces") + 2:
        at = parts.index("namespaces")
        parts = parts[:at] + parts[at + 2:]
    return parts[:-1] == wanted


def _merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), value)
    return result


def _frame(text):
    """A whole text message of a web socket; its length must be written as briefly as possible."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + text
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + text
    return struct.pack("!BBQ", 0x81, 127, size) + text


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path in self.server.objects:
            self._answer(200, self.server.objects[url.path])
        elif query.get("watch") == ["true"] and self.headers.get("Sec-WebSocket-Key"):
            self._watch(url.path)
        elif url.path.rstrip("/").rpartition("/")[2].endswith("s") and "/status" not in url.path:
            with self.server.changed:
                items = [item for path, item in self.server.objects.items() if _in_collection(path, url.path)]
                self._answer(200, {"kind": "List", "apiVersion": "v1", "items": items,
                                   "metadata": {"resourceVersion": str(self.server.version)}})
        else:
            self._answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})

    def do_POST(self):
        item = self._body()
        if "selfsubject" in self._path():
            rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
            self._answer(201, {**item, "status": {"allowed": True, "resourceRules": [rule], "nonResourceRules": [],
                                                  "incomplete": False}})
            return
        path = f"{self._path()}/{item.get('metadata', {}).get('name', 'unnamed')}"
        if path in self.server.objects:
            self._answer(409, {"kind": "Status", "status": "Failure", "reason": "AlreadyExists", "code": 409})
        else:
            self._answer(201, self.server.store(path, item, "ADDED"))

    def do_PUT(self):
        path = self._path().removesuffix("/status")
        self._answer(200, self.server.store(path, self._body(), "MODIFIED"))

    def do_PATCH(self):
        path = self._path().removesuffix("/status")
        known = self.server.objects.get(path)
        patch = self._body()
        if isinstance(patch, list):  # A JSON patch: what it would change matters to nobody here.
            patch = {}
        item = _merge(copy.deepcopy(known) if known else {}, patch)
        self._answer(200, self.server.store(path, item, "MODIFIED" if known else "ADDED"))

    def do_DELETE(self):
        self._answer(200, self.server.objects.pop(self._path(), {}))

    def _watch(self, path):
        """Watches are web sockets, as the client asks for them first and a real API server grants them."""
        events = queue.Queue()
        with self.server.changed:
            self.server.watchers.append((path, events))
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _WEBSOCKET).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self._told()
        end = time.monotonic() + _WATCH_SECONDS
        while time.monotonic() < end:
            try:
                text = json.dumps(events.get(timeout=0.2)).encode()
            except queue.Empty:
                continue
            self.wfile.write(_frame(text))
            self.wfile.flush()
        self.close_connection = True

    def _path(self):
        return urllib.parse.urlsplit(self.path).path

    def _body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, code, item):
        body = json.dumps(item).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self._told()

    def _told(self):
        with self.server.changed:
            self.server.requests.append((self.command, self._path()))
            self.server.changed.notify_all()

    def log_message(self, *_):
        """What is asked for is of interest to nobody."""
