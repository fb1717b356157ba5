"""Provider `llama-cpp`: a GGUF model on this machine. Nothing leaves it, nothing is paid, and the schema binds every answer."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from curate.llm.provider import NoAnswer, Response
from curate.llm.request import Request
from likeness.command import say
from likeness.errors import CallError, MachineError
from likeness.llama.process import threads
from likeness.llama.smollm2 import GGUF, GGUF_SHA256, SMOLLM2, smollm2_gguf

CONTEXT = 8192
"""Tokens of prompt and answer together, where the recipe does not say."""
LONGEST_LINE = 2**26


class LlamaLocal:
    """A GGUF model, one request at a time, in a process of its own (see `likeness.llama.chat_worker`).

    Args:
        model: the GGUF file, or builtin:smollm2-135m, which is fetched when it is first asked.
        context: most tokens of prompt and answer together.

    Raises:
        CallError: llama-cpp-python is not installed, or the file cannot be read.
    """

    def __init__(self, model: str, context: int | None) -> None:
        if importlib.util.find_spec("llama_cpp") is None:
            raise CallError("`provider: llama-cpp` needs llama-cpp-python", fix="pip install llama-cpp-python")
        self._file = Path(GGUF if model == SMOLLM2 else model)
        self._is_builtin = model == SMOLLM2
        self._identity = f"llama-cpp {model_sha256(model)}"
        self._context = context or CONTEXT
        self._turn = asyncio.Lock()
        self._worker: asyncio.subprocess.Process | None = None
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._full: dict[tuple[str, str], Response] = {}

    def identity(self, request: Request) -> str:
        """The model's bytes: another model makes another request, another place of the file does not."""
        return self._identity

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """Nothing."""
        return 0.0

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """The answer to a request.

        Raises:
            CallError: the file is no model that can be asked.
            MachineError: the model cannot be loaded on this machine.
            NoAnswer: the prompt is too long for the model, or llama.cpp died of the request.
        """
        prompt = (request.system, request.user)
        async with self._turn:
            if prompt in self._full:  # more room was asked for, and there is none: it would end where it did
                return self._full[prompt]
            if self._worker is None:
                await self._start()
            answer = await self._asked(system=prompt[0], user=prompt[1], schema=request.schema, max_tokens=max_tokens)
            if "error" in answer:
                raise NoAnswer(f"llama.cpp could not answer a request: {answer['error']}")
            if "text" not in answer:
                raise NoAnswer(
                    f"a prompt has {answer['input_tokens']:,} tokens, and the model's context holds {self._context:,}; "
                    "raise `generate.context`, or lower `passages.max_tokens`"
                )
            response = Response(provider="llama-cpp", model=self._file.name, **answer)
            if response.stop_reason == "max_tokens" and response.input_tokens + response.output_tokens >= self._context:
                self._full[prompt] = response
            return response

    async def close(self) -> None:
        """End the model's process, whatever it is at."""
        if self._worker is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                self._worker.kill()
            await self._worker.wait()
            self._worker = None
        self._log.close()

    async def _start(self) -> None:
        if self._is_builtin:
            self._file = await asyncio.to_thread(smollm2_gguf, say)
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        self._worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "likeness.llama.chat_worker", str(self._file), str(self._context), str(threads())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            limit=LONGEST_LINE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=True,  # Ctrl-C is for us: we end it
        )
        try:
            loaded = await self._answered()
        except NoAnswer as error:
            raise MachineError(f"the model cannot be loaded: {error.what}", where=str(self._file), fix=error.fix) from None
        if "error" in loaded:
            raise CallError(
                f"is no model that can be asked: {loaded['error']}. llama.cpp last said: {self._last_words()}",
                where=str(self._file),
                fix="Correct `generate.model`: it takes the GGUF file of an instruct model.",
            )
        self._context = loaded["context"]

    async def _asked(self, **request: Any) -> dict[str, Any]:
        assert self._worker is not None
        assert self._worker.stdin is not None
        self._worker.stdin.write(json.dumps(request).encode() + b"\n")
        return await self._answered()

    async def _answered(self) -> dict[str, Any]:
        """The worker's next answer.

        Raises:
            NoAnswer: it died instead; the next request starts another.
        """
        assert self._worker is not None
        assert self._worker.stdout is not None
        line = await self._worker.stdout.readline()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = await self._worker.wait()
        self._worker = None
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise NoAnswer(
            f"llama.cpp ended with {how}; it last said: {self._last_words()}",
            fix="If it does so with every quantized model, rebuild it: "
            'CMAKE_ARGS="-DGGML_NATIVE=OFF" pip install --force-reinstall --no-cache-dir llama-cpp-python.',
        )

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return " / ".join(lines[-3:])[-300:] or "(nothing)"


def model_sha256(model: str) -> str:
    """SHA-256 of a model's bytes; of the built-in one it is known before it is fetched.

    Raises:
        CallError: the file cannot be read.
    """
    if model == SMOLLM2:
        return GGUF_SHA256
    file = Path(model)
    try:
        stat = file.stat()
        return _sha256(file, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise CallError(f"cannot be read: {error.strerror}", where=str(file), fix="Correct `generate.model`.") from None


@lru_cache
def _sha256(file: Path, _size: int, _changed: int) -> str:
    """Once a process and state of the file: a model has gigabytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
