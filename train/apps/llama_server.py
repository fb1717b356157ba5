"""llama.cpp's own server: one that runs, or one that is started here for the time of a `with` block.

Its addresses: github.com/ggml-org/llama.cpp, tools/server/README.md (`/props`, `/apply-template`, `/tokenize`, `/completion`,
`/v1/chat/completions`). The package `xllamacpp` has the server in a wheel; else a `llama-server` on the PATH is taken.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from export.probe import Conversation
from export.verify import Check
from likeness.errors import MachineError
from likeness.llama.process import threads
from train.apps.http import Address, Refused
from train.apps.proof import BOS_TWICE, CONTEXT, OTHER_TEMPLATE, STOP_LOST, SYSTEM_PROMPT, TOKENS, Proven, Said, greedy_settings

STARTS_WITHIN = 300
"""Seconds to load a model in."""

PROGRAM = """
import sys, xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path, settings.n_ctx, settings.n_parallel = sys.argv[1], int(sys.argv[2]), 1
settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = int(sys.argv[3])
settings.hostnames, settings.port, settings.ui = ["127.0.0.1"], int(sys.argv[4]), False
server = xllamacpp.Server(settings)
sys.stdin.read()
"""
"""Serves until nobody holds its standard input any more."""

CURES = {
    OTHER_TEMPLATE: "Start it with --jinja and without --chat-template or --chat-template-file: the file has its template.",
    SYSTEM_PROMPT: "Start it without a system prompt or template of its own: the file has its template.",
    BOS_TWICE: "Update llama.cpp, and start it with --jinja: a template that writes BOS must not get a second one.",
    STOP_LOST: "Start it without --ignore-eos, with --jinja and without --chat-template.",
}


class LlamaServer:
    """A server that runs.

    Args:
        url: where it listens.
        name: what to call it.

    Raises:
        MachineError: it does not answer, or is not llama.cpp's.
    """

    def __init__(self, url: str, name: str = "llama.cpp's server") -> None:
        self._at = Address(url, name)
        self._props = self._at.get("/props")
        self.model = Path(str(self._props.get("model_path", ""))).name
        build = self._props.get("build_info")
        self.name = f"{name} {build}" if build else name

    def settings(self) -> list[Check]:
        """Nothing: what it is started with shows in the prompts."""
        return []

    def chat(self, conversation: Conversation) -> Said:
        """The greedy answer, with the prompt and its ids, which this server shows."""
        prompt = ids = None
        try:
            prompt = self._at.post("/apply-template", {"messages": conversation})["prompt"]
            ids = self._at.post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
        except Refused:
            pass  # older servers
        body = greedy_settings() | {"messages": conversation, "max_tokens": TOKENS}
        answer = self._at.post("/v1/chat/completions", body)
        (choice,) = answer["choices"]
        text = choice["message"].get("content") or ""
        read = answer.get("usage", {}).get("prompt_tokens")
        if ids is not None and read is not None and read != len(ids):
            ids = None  # it reads other tokens than it shows: the count tells
        return Said(text, choice["finish_reason"] == "stop", prompt, ids, read)

    def complete(self, proven: Proven) -> str:
        """The greedy continuation of the prompt's ids."""
        said = self._at.post("/completion", greedy_settings() | {"prompt": proven.ids, "n_predict": TOKENS})
        return str(said["content"])

    def cure(self, fault: str) -> str:
        """What a person does about a fault."""
        return CURES.get(fault, f"It has {self.model} loaded; start it with the exported file.")


@contextmanager
def started(file: Path) -> Iterator[LlamaServer]:
    """A server of our own with a file in it.

    Args:
        file: the GGUF file.

    Raises:
        MachineError: there is none here, or it does not start.
    """
    port = _free_port()
    name, command = _command(file, port)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        try:
            yield _wait(process, f"http://127.0.0.1:{port}", name, log)
        finally:
            process.kill()
            process.communicate()


def _command(file: Path, port: int) -> tuple[str, list[str]]:
    """What the server is called, and what starts it."""
    if find_spec("xllamacpp") is not None:
        try:
            release = version("xllamacpp")
        except PackageNotFoundError:
            release = ""
        command = [sys.executable, "-P", "-c", PROGRAM, str(file), str(CONTEXT), str(threads()), str(port)]
        return f"llama.cpp's server (xllamacpp {release})", command
    if program := shutil.which("llama-server"):
        arguments = ["-m", str(file), "-c", str(CONTEXT), "-np", "1", "-t", str(threads()), "--jinja"]
        return "llama.cpp's server", [program, *arguments, "--host", "127.0.0.1", "--port", str(port)]
    raise MachineError(
        "llama.cpp's server is not here",
        fix="Install it: pip install xllamacpp. Or name one that runs: --llama-server URL, --ollama URL, --lm-studio URL.",
    )


def _wait(process: subprocess.Popen[bytes], url: str, name: str, log: IO[bytes]) -> LlamaServer:
    until = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < until:
        try:
            Address(url, name).get("/health")
        except MachineError:
            time.sleep(0.2)
            continue
        return LlamaServer(url, name)
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    raise MachineError(f"{name} does not start", fix=f"It last said: {' / '.join(lines)[-300:] or '(nothing)'}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
