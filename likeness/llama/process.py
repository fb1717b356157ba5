"""Talking to llama.cpp in its own process, so that a crash is an answer and not the end of the caller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from likeness.errors import CallError

WORKER = (sys.executable, "-P", "-m", "likeness.llama.worker")


def cores() -> int:
    """Cores that this process may use; OMP_NUM_THREADS lowers them, as it does for torch."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(processes: int = 1) -> int:
    """Threads for running a model: one less than the cores, shared among the processes that run it beside each other.

    llama.cpp's threads wait for each other busily; where another process takes one of their cores, a token takes a
    thousand times as long (measured: 20 s against 0.02 s for a reply).
    """
    return max(1, (cores() - 1) // processes)


class LlamaError(CallError):
    """llama.cpp refused a request, or died of it."""


class Llama:
    """A llama.cpp process; use it in a `with` block, after which its memory is free."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
        )

    def __enter__(self) -> Llama:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def load(self, file: Path, *, context: int = 512, vocabulary_only: bool = False, processes: int = 1) -> dict[str, Any]:
        """Load a GGUF file for at most `context` tokens; answers with what llama.cpp found in it.

        Args:
            file: the GGUF file.
            context: most tokens of prompt and answer together.
            vocabulary_only: load no weights.
            processes: how many work beside each other, this one included.
        """
        answer: dict[str, Any] = self.ask(
            "load", file=str(file), context=context, vocabulary_only=vocabulary_only, threads=threads(processes)
        )
        return answer

    def ask(self, do: str, **fields: Any) -> Any:
        """Send one request (a method of `llama_worker.Worker`) and wait for its answer.

        Raises:
            LlamaError: llama.cpp refused, or its process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise self._death(do)
        answer = json.loads(line)
        if "error" in answer:
            raise LlamaError(
                f"llama.cpp could not {do}: {answer['error']}. It last said: {self._last_words()}",
                fix="Convert the model again; if that does not help, the file is not one that llama.cpp reads.",
            )
        return answer["ok"]

    def _death(self, do: str) -> LlamaError:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return LlamaError(
            f"llama.cpp ended with {how} when asked to {do}. It last said: {self._last_words()}",
            fix="If it crashes on every quantized model, rebuild it: "
            'CMAKE_ARGS="-DGGML_NATIVE=OFF" pip install --force-reinstall --no-cache-dir llama-cpp-python.',
        )

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return " / ".join(lines[-3:]) or "(nothing)"
