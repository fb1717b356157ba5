"""Talking to llama.cpp in its own process, so that a crash is an answer and not the end of the caller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from likeness.errors import CallError

STOP = "stop"
"""In place of a request: the answer under way is not wanted any more."""
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
    """llama.cpp refused a request, or died of it.

    Args:
        what: the failure, with the request.
        fix: what the reader can do about it.
        reason: the failure alone.
        last_words: the end of what llama.cpp printed.
    """

    def __init__(self, what: str, *, fix: str, reason: str, last_words: str) -> None:
        super().__init__(f"{what}. It last said: {last_words}", fix=fix)
        self.reason = reason
        self.last_words = last_words


class LlamaDied(LlamaError):
    """llama.cpp's process ended."""


class Llama:
    """A llama.cpp process; use it in a `with` block, after which its memory is free.

    Args:
        command: what starts it.
    """

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
            start_new_session=True,  # Ctrl-C is for us: we end it
        )

    def __enter__(self) -> Llama:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def load(
        self,
        file: Path,
        use: Literal["checking", "vocabulary", "answering"] = "checking",
        *,
        context: int = 512,
        processes: int = 1,
    ) -> dict[str, Any]:
        """Load a GGUF file; answers with what llama.cpp found in it.

        Args:
            file: the GGUF file.
            use: what is asked of it then: see `likeness.llama.worker.Worker.load`.
            context: most tokens of prompt and answer together; 0 for as many as it was trained on.
            processes: how many work beside each other, this one included.
        """
        found: dict[str, Any] = self.ask("load", file=str(file), use=use, context=context, threads=threads(processes))
        return found

    def ask(self, do: str, **fields: Any) -> Any:
        """Send one request (a method of `likeness.llama.worker.Worker`) and wait for its answer.

        Raises:
            LlamaDied: its process ended.
            LlamaError: llama.cpp refused.
        """
        self._send(do, fields)
        return self._receive(do)["ok"]

    def stream(self, do: str, **fields: Any) -> Generator[Any, None, Any]:
        """Send one request and give the pieces of its answer as they come, and what it returns at the end.

        Where the reader stops before the end, so does llama.cpp.

        Raises:
            LlamaDied: its process ended.
            LlamaError: llama.cpp refused.
        """
        self._send(do, fields)
        try:
            while "piece" in (answer := self._receive(do)):
                yield answer["piece"]
        except GeneratorExit:
            with suppress(LlamaError, OSError, ValueError):  # it may have ended meanwhile
                self._write(STOP)
                while "piece" in self._receive(do):
                    pass
            raise
        return answer["ok"]

    def _send(self, do: str, fields: dict[str, Any]) -> None:
        try:
            self._write(json.dumps({"do": do, **fields}))
        except BrokenPipeError:
            raise self._death(do) from None

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _receive(self, do: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise self._death(do)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LlamaError(
                f"llama.cpp could not {do}: {answer['type']}: {answer['error']}",
                fix="Convert the model again; if that does not help, the file is not one that llama.cpp reads.",
                reason=answer["error"],
                last_words=self._last_words(),
            )
        return answer

    def _death(self, do: str) -> LlamaDied:
        code = self._process.wait()
        how = f"llama.cpp ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
        return LlamaDied(
            f"{how} when asked to {do}",
            fix="If it crashes on every quantized model, rebuild it: "
            'CMAKE_ARGS="-DGGML_NATIVE=OFF" pip install --force-reinstall --no-cache-dir llama-cpp-python.',
            reason=how,
            last_words=self._last_words(),
        )

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return " / ".join(lines[-3:])[-300:] or "(nothing)"
