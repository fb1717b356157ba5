"""Provider `llama-cpp`: a GGUF model on this machine. Nothing leaves it, nothing is paid, and the schema binds every answer."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

from curate.llm.provider import NoAnswer, Response
from curate.llm.request import Request
from likeness.command import say
from likeness.errors import CallError, MachineError
from likeness.llama.process import Llama, LlamaDied, LlamaError
from likeness.llama.smollm2 import GGUF, GGUF_SHA256, SMOLLM2, smollm2_gguf

CONTEXT = 8192
"""Tokens of prompt and answer together, where the recipe does not say."""


class LlamaLocal:
    """A GGUF model, one request at a time, in a process of its own (see `likeness.llama.process`).

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
        self._llama: Llama | None = None
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
            llama = await self._started()
            asked = {"system": prompt[0], "user": prompt[1], "schema": request.schema, "max_tokens": max_tokens}
            try:
                answer = await asyncio.to_thread(llama.ask, "answer", **asked)
            except LlamaDied as error:  # the next request starts another
                await self.close()
                raise NoAnswer(_death(error), fix=error.fix) from None
            except LlamaError as error:
                raise NoAnswer(f"llama.cpp could not answer a request: {error.reason}") from None
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
        if self._llama is not None:
            self._llama.close()
            self._llama = None

    async def _started(self) -> Llama:
        """The model's process, with the model loaded.

        Raises:
            CallError: the file is no model that can be asked.
            MachineError: the model cannot be loaded on this machine.
        """
        if self._llama is not None:
            return self._llama
        if self._is_builtin:
            self._file = await asyncio.to_thread(smollm2_gguf, say)
        self._llama = Llama()  # known to `close` before it is waited for
        try:
            loaded = await asyncio.to_thread(self._llama.load, self._file, "answering", context=self._context)
        except LlamaDied as error:
            await self.close()
            raise MachineError(f"the model cannot be loaded: {_death(error)}", where=str(self._file), fix=error.fix) from None
        except LlamaError as error:
            raise self._no_model(error.reason, error.last_words) from None
        if not loaded["template"]:
            raise self._no_model("it has no chat template: it is a base model, and an instruct model is needed", "(nothing)")
        self._context = loaded["context"]
        return self._llama

    def _no_model(self, why: str, last_words: str) -> CallError:
        return CallError(
            f"is no model that can be asked: {why}. llama.cpp last said: {last_words}",
            where=str(self._file),
            fix="Correct `generate.model`: it takes the GGUF file of an instruct model.",
        )


def _death(error: LlamaDied) -> str:
    return f"{error.reason}; it last said: {error.last_words}"


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
