"""Read documents in a separate process with limits on time and memory, so that a bad file is reported and does no other harm.

The process is started for the first document and reads all of them. A request is one line of JSON, and so is an answer.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from curate.ledger.rows import document_row, reading_json
from curate.model import Document
from curate.read.documents import read_document
from curate.read.reading import Unreadable

SECONDS = 60.0
SECONDS_PER_MEGABYTE = 6.0
"""Time limit per megabyte. A PDF of 20 MB takes a third of its limit."""
MEMORY = 6_000_000_000
"""Most bytes of address space of the process, on systems that can limit it."""
WORKER = (sys.executable, "-P", "-m", "curate.read.reader_process")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
"""Environment variables that the process does not get, because it reads files of strangers."""
FIX = "open it in its program and save a copy, or leave it out with `exclude`"


class ReaderProcess:
    """Reads documents in a separate process; use it in a `with` block."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        """Set the limits; the process starts with the first document.

        Args:
            seconds: time limit for a small file.
            memory: bytes that the process may use.
        """
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def read(self, path: Path, name: str, rights: str) -> Document:
        """The document in a file. See `read_document`.

        Args:
            path: the file.
            name: the document's path in the ledger.
            rights: why it may be used.

        Raises:
            Unreadable: it cannot be read, takes too long or too much memory, or crashes the process.
        """
        answer = self._ask({"path": str(path.absolute()), "name": name, "rights": rights}, self._time_for(path))
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"])
        return document_row(answer)

    def _time_for(self, path: Path) -> float:
        try:
            return self._seconds + SECONDS_PER_MEGABYTE * path.stat().st_size / 1e6
        except OSError:  # the reader will say so
            return self._seconds

    def _ask(self, request: dict[str, str], seconds: float) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:  # it ended after the last answer; reading its output below shows why
            pass
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            if not ready.select(seconds):
                self.close()
                raise Unreadable(f"takes more than {seconds:.0f} seconds to read; {FIX}")
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            code = process.wait()
            self.close()
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise Unreadable(f"brings its reader down ({how}), as a damaged file does; {FIX}")
        found: dict[str, Any] = json.loads(line)
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        return subprocess.Popen(
            [*WORKER, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not SECRET.search(name)}
            | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)},
        )

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def serve(memory: int) -> None:
    """Read one document for each line on standard input, until that ends.

    Args:
        memory: bytes that this process may use.
    """
    _limit(memory)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of libraries must not mix with answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling process handles Ctrl-C
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def _answer(request: dict[str, str]) -> dict[str, Any]:
    try:
        document = read_document(Path(request["path"]), request["name"], request["rights"])
    except Unreadable as reason:
        return {"unreadable": str(reason)}
    except MemoryError:
        return {"unreadable": f"needs more memory than reading may take; {FIX}"}
    except Exception as error:  # a damaged file may raise anything in a library
        return {"unreadable": f"cannot be read ({type(error).__name__}: {str(error)[:160]}); {FIX}"}
    return {
        "path": document.path,
        "title": document.title,
        "text": document.text,
        "rights": document.rights,
        "reading": reading_json(document),
    }


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: only time is limited
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


if __name__ == "__main__":
    from likeness.command import settle_libraries

    settle_libraries()
    serve(int(sys.argv[1]))
