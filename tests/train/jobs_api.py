"""A stand-in for the Hub on loopback: repositories (regular and LFS uploads), and Jobs that really run their command here.

Written from the Hub's OpenAPI page (huggingface.co/.well-known/openapi.json) and huggingface.co/docs/huggingface_hub/guides/jobs. A job is
`sh -c` in a process of its own, with the commands of this environment on its PATH and a `pip` that writes down what it is asked
for: what it would install is here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
TOKEN = "hf_of_the_tests"
SHA = "a" * 40
HARDWARE = [
    {"name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB", "accelerator": None}
    | {"unitCostMicroUSD": 167, "unitCostUSD": 0.000167, "unitLabel": "minute"},
    {"name": "l4x1", "prettyName": "1x Nvidia L4", "cpu": "8 vCPU", "ram": "30 GB"}
    | {"accelerator": {"type": "gpu", "model": "L4", "quantity": "1", "vram": "24 GB", "manufacturer": "Nvidia"}}
    | {"unitCostMicroUSD": 13333, "unitCostUSD": 0.013333, "unitLabel": "minute"},
    {"name": "l4x4", "prettyName": "4x Nvidia L4", "cpu": "48 vCPU", "ram": "186 GB"}
    | {"accelerator": {"type": "gpu", "model": "L4", "quantity": "4", "vram": "96 GB", "manufacturer": "Nvidia"}}
    | {"unitCostMicroUSD": 63333, "unitCostUSD": 0.063333, "unitLabel": "minute"},
]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Job:
    id: str
    spec: dict[str, Any]
    process: subprocess.Popen[str]
    log: list[tuple[str, str]] = field(default_factory=list)
    stage: str = "RUNNING"
    created: str = field(default_factory=now)

    def follow(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.log.append((now(), line.rstrip("\n")))
        code = self.process.wait()
        if self.stage == "RUNNING":
            self.stage = "ERROR" if code else "COMPLETED"

    def cancel(self) -> None:
        self.stage = "CANCELED"
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def as_dict(self) -> dict[str, Any]:
        said = {key: value for key, value in self.spec.items() if key != "secrets"}
        owner = {"id": "1", "name": "ann", "type": "user"}
        return said | {"id": self.id, "createdAt": self.created, "status": {"stage": self.stage, "message": None}, "owner": owner}


class Hub(ThreadingHTTPServer):
    """All state. `down` is the number of requests to cut off without an answer."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.repos: dict[str, dict[str, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.jobs: dict[str, Job] = {}
        self.down = 0
        self.refuses_jobs = 0
        (folder / "bin").mkdir(parents=True)
        pip = folder / "bin/pip"
        pip.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/pip.log"\n')
        pip.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""
        return {"HF_ENDPOINT": self.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}

    def run(self, spec: dict[str, Any]) -> Job:
        variables = {
            "PATH": f"{self.folder / 'bin'}:{BIN}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "HF_ENDPOINT": self.url,
            "HF_HUB_DISABLE_XET": "1",
            "OMP_NUM_THREADS": "1",
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        }
        process = subprocess.Popen(
            spec["command"],
            env=variables | spec["environment"] | spec.get("secrets", {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            start_new_session=True,
        )
        job = Job(f"{len(self.jobs) + 1:024x}", spec, process)
        self.jobs[job.id] = job
        threading.Thread(target=job.follow, daemon=True).start()
        return job


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, status: int, what: str, code: str = "") -> None:
        self.answer({"error": what}, status, **({"X_Error_Code": code} if code else {}), X_Error_Message=what)

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.down:
            self.server.down -= 1
            self.close_connection = True
            return
        path = self.path.split("?")[0]
        if path.startswith("/lfs/") and self.command == "PUT":  # a signed address needs no token
            self.server.objects[path.removeprefix("/lfs/")] = body
            self.answer(b"", ETag='"whole"')
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.refuse(401, "Invalid username or password.")
        elif path == "/api/whoami-v2":
            self.answer({"type": "user", "id": "1", "name": "ann", "orgs": []})
        elif path.startswith("/api/jobs/"):
            self.handle_jobs(path.split("/")[3:], body)
        else:
            self.handle_repos(path, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def handle_jobs(self, parts: list[str], body: bytes) -> None:
        match self.command, parts:
            case "GET", ["hardware"]:
                self.answer(HARDWARE)
            case "POST", ["ann"] if self.server.refuses_jobs:
                self.refuse(self.server.refuses_jobs, "Pre-paid credit balance is insufficient")
            case "POST", ["ann"]:
                self.answer(self.server.run(json.loads(body)).as_dict())
            case "GET", ["ann"]:
                wanted = re.findall(r"label=([^&]+)", self.path.replace("%3D", "="))
                labelled = [each for each in self.server.jobs.values() if all(w in labels_of(each) for w in wanted)]
                self.answer([each.as_dict() for each in labelled])
            case _, ["ann", id, *_] if id not in self.server.jobs:
                self.refuse(404, "Job not found")
            case "GET", ["ann", id]:
                self.answer(self.server.jobs[id].as_dict())
            case "POST", ["ann", id, "cancel"]:
                self.server.jobs[id].cancel()
                self.answer(self.server.jobs[id].as_dict())
            case "GET", ["ann", id, "logs"]:
                self.stream(self.server.jobs[id])
            case _:
                self.refuse(404, "not here")

    def stream(self, job: Job) -> None:
        """Server-sent events: what there is, then what comes; the connection stays open until the job ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        sent = 0
        with suppress(OSError):
            while True:
                ended, lines = job.stage != "RUNNING", job.log[sent:]
                for at, line in lines:
                    self.wfile.write(f"data: {json.dumps({'timestamp': at, 'data': line})}\n\n".encode())
                self.wfile.flush()
                sent += len(lines)
                if ended:
                    return
                time.sleep(0.2)

    def handle_repos(self, path: str, body: bytes) -> None:
        repos = self.server.repos
        if path in ("/api/repos/create", "/api/repos/delete"):
            asked = json.loads(body)
            name = f"{asked['organization'] or 'ann'}/{asked['name']}"
            if path.endswith("delete"):
                repos.pop(name, None)
                self.answer({})
                return
            assert asked["type"] == "dataset" and (asked.get("visibility") == "private" or asked.get("private"))
            status = 409 if name in repos else 200
            repos.setdefault(name, {})
            self.answer({"url": f"{self.server.url}/datasets/{name}"}, status)
            return
        found = re.match(r"(?:/api)?/datasets/(ann/[^/.]+)(.*)", path)
        if not found or found[1] not in repos:
            self.refuse(404, "Repository not found", "RepoNotFound")
            return
        name, rest = found[1], found[2]
        files = repos[name]
        if rest.startswith("/preupload/"):
            modes = [
                each | {"uploadMode": "regular" if each["size"] < 10_000 else "lfs", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            self.answer({"files": [{key: each[key] for key in ("path", "uploadMode", "shouldIgnore")} for each in modes]})
        elif rest == ".git/info/lfs/objects/batch":
            objects = [
                each | {"actions": {"upload": {"href": f"{self.server.url}/lfs/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            self.answer({"transfer": "basic", "objects": objects})
        elif rest.startswith("/commit/"):
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = self.server.objects[value["oid"]]
                    assert hashlib.sha256(files[value["path"]]).hexdigest() == value["oid"]
            self.answer({"commitUrl": f"{self.server.url}/datasets/{name}/commit/{SHA}", "commitOid": SHA})
        elif rest.startswith("/resolve/"):
            data = files.get(rest.split("/", 3)[3])
            if data is None:
                self.refuse(404, "Entry not found", "EntryNotFound")
            else:
                self.answer(data, ETag=f'"{hashlib.sha256(data).hexdigest()}"', X_Repo_Commit=SHA)
        elif rest.startswith("/tree/"):
            self.answer(
                [
                    {"type": "file", "path": at, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for at, data in files.items()
                ]
            )
        else:  # the repository itself, or a revision of it
            self.answer({"id": name, "sha": SHA, "private": True, "siblings": [{"rfilename": at} for at in files], "tags": []})


def labels_of(job: Job) -> list[str]:
    return [f"{key}={value}" for key, value in job.spec.get("labels", {}).items()]


@contextmanager
def running(folder: Path) -> Iterator[Hub]:
    """The Hub, until the block ends; its jobs end with it."""
    with Hub(folder) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        try:
            yield hub
        finally:
            for job in hub.jobs.values():
                if job.stage == "RUNNING":
                    job.cancel()
            hub.shutdown()
