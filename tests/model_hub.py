"""A model hub on the loopback interface, as far as huggingface_hub makes repositories and commits files to them.

From the client's own requests and huggingface.co/docs/hub/api: `/api/repos/create`, `/api/validate-yaml`, `preupload`, `commit` (lines
of JSON), and Git LFS's batch API (github.com/git-lfs/git-lfs, docs/api/batch.md) with its basic transfer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = 10_000
"""Bytes from which a file goes through Git LFS; the real hub decides by name, too."""


@dataclass
class Hub:
    """What it holds, and what it was asked."""

    key: str = "hf_standin"
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By kind and name, such as model/ann/emerson: `visibility`, `files` (name to bytes) and `commits`."""
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    breaks_at: str = ""
    """Answers that end so are refused with 500 once."""

    def answer(self, method: str, path: str, body: bytes, key: str | None, here: str) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if path.startswith("/objects/"):  # where the batch API sends the client, with no key of its own
            self.objects[path.rpartition("/")[2]] = body
            return 200, {}
        if key != f"Bearer {self.key}":
            return 401, {"error": "Invalid username or password."}
        if self.breaks_at and self.breaks_at in path:
            self.breaks_at = ""
            return 403, {"error": "Storage quota exceeded."}
        if path == "/api/repos/create":
            return self.create(json.loads(body), here)
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [self.place(each, here) for each in json.loads(body)["objects"]]}
        kind, owner, name, verb, _ = path.removeprefix("/api/").split("/")
        repository = self.repositories[f"{kind[:-1]}/{owner}/{name}"]
        if verb == "preupload":
            files = json.loads(body)["files"]
            return 200, {
                "files": [
                    {"path": each["path"], "uploadMode": "lfs" if each["size"] > LARGE else "regular", "shouldIgnore": False}
                    for each in files
                ]
            }
        assert verb == "commit"
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                repository["files"][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repository["files"][value["path"]] = self.objects[value["oid"]]
        repository["commits"] += 1
        commit = hashlib.sha1(body).hexdigest()
        return 200, {"commitUrl": f"{here}/{owner}/{name}/commit/{commit}", "commitOid": commit}

    def create(self, said: dict[str, Any], here: str) -> tuple[int, Any]:
        kind = said.get("type") or "model"
        name = f"{said['organization']}/{said['name']}"
        url = f"{here}/{'datasets/' if kind == 'dataset' else ''}{name}"
        if f"{kind}/{name}" in self.repositories:
            return 409, {"error": "You already created this repository", "url": url}
        private = said.get("visibility") == "private" or said.get("private") is True
        self.repositories[f"{kind}/{name}"] = {"private": private, "files": {}, "commits": 0}
        return 200, {"url": url, "name": name}

    def place(self, each: dict[str, Any], here: str) -> dict[str, Any]:
        kept = each["oid"] in self.objects
        actions = {} if kept else {"actions": {"upload": {"href": f"{here}/objects/{each['oid']}"}}}
        return {"oid": each["oid"], "size": each["size"]} | actions


@contextmanager
def running(hub: Hub) -> Iterator[str]:
    """The hub's address, while it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here = f"http://127.0.0.1:{self.server.server_address[1]}"
            status, said = hub.answer(self.command, self.path.partition("?")[0], body, self.headers.get("Authorization"), here)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status >= 400:
                self.send_header("X-Error-Message", said["error"])
            self.end_headers()
            self.wfile.write(data)

        do_PUT = do_POST

        def do_GET(self) -> None:
            self.do_POST()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
