"""Documents that are not in the ledger are read apart, by the engine's workers, and come to the ledger a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from curate.engine.engine import Engine, parts_of
from curate.ledger.ledger import Ledger
from curate.ledger.rows import KnownDocument
from curate.model import Document
from curate.read.reader_process import ReaderProcess
from curate.read.reading import Unreadable

MANY, AT_ONCE = 320, 8
"""From so many files on, workers read them, so many at a time: below, starting them takes longer than it saves."""

File = tuple[Path, str, str, str]
"""Its path, its name, why it may be used, and its key in the ledger."""


class Apart:
    """The documents of these files, each asked for in their order; use it in a `with` block.

    Args:
        files: every file, in the order in which its document will be asked for.
        ledger: what it has is not read again.
        engine: where they are read.
    """

    def __init__(self, files: Sequence[File], ledger: Ledger, engine: Engine) -> None:
        self._ledger = ledger
        fresh = {(name, key): (path, name, rights) for path, name, rights, key in files if not ledger.has_document(name, key)}
        self._fresh = set(fresh)
        self._keys = iter(fresh)
        size = AT_ONCE if len(fresh) >= MANY else 1  # of a few, each is kept as soon as it is read
        self._parts = engine.map(_read, None, parts_of(list(fresh.values()), size), worth=MANY // AT_ONCE)
        self._read: dict[tuple[str, str], KnownDocument | str] = {}

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._parts.close()
        _end()

    def known(self, name: str, key: str) -> KnownDocument:
        """The document of a file, which is in the ledger afterwards.

        Args:
            name: the file's.
            key: its key in the ledger.

        Raises:
            Unreadable: it cannot be read.
        """
        if (name, key) in self._fresh:
            self._fresh.discard((name, key))  # named by two sources, it is in the ledger the second time
            while (name, key) not in self._read:
                self._take(next(self._parts))
            found = self._read.pop((name, key))
            if isinstance(found, str):
                raise Unreadable(found)
            return found
        document = self._ledger.known_document(name, key)
        if document is None:
            raise Unreadable("cannot be read, as was said of it already")
        if not document.is_newest and (again := self._ledger.document_of_file(name, key)):  # its text is what it was before
            self._ledger.add_document(again, key)
        return document

    def _take(self, part: Sequence[Document | str]) -> None:
        with self._ledger.transaction():
            for found, (name, key) in zip(part, self._keys, strict=False):
                if isinstance(found, Document):
                    self._ledger.add_document(found, key)
                    self._read[name, key] = KnownDocument(found.id, found.notes, is_newest=True)
                else:
                    self._read[name, key] = found


_reader: ReaderProcess | None = None
"""This worker's."""


def _read(_shared: None, part: Sequence[tuple[Path, str, str]]) -> list[Document | str]:
    """The documents, or why there is none."""
    global _reader  # noqa: PLW0603 - its process takes a second to start, and reads all parts of this worker
    _reader = _reader or ReaderProcess()
    found: list[Document | str] = []
    for path, name, rights in part:
        try:
            found.append(_reader.read(path, name, rights))
        except Unreadable as reason:
            found.append(str(reason))
    return found


def _end() -> None:
    global _reader  # noqa: PLW0603
    if _reader:
        _reader.close()
        _reader = None
