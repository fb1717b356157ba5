"""Documents that stay in the ledger: a few bytes of each are held, and a text is read when it is asked for."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

from curate.ledger.documents import Documents
from curate.model import Document

AT_ONCE = 64
"""Documents that are in memory at once while all of them are gone through."""


class StoredDocuments(Sequence[Document]):
    """The documents of a recipe, in order.

    Args:
        ledger: where they are.
    """

    def __init__(self, ledger: Documents) -> None:
        self._ledger = ledger
        self._ids = array("Q")
        self._places: dict[str, int] = {}

    def append(self, path: str, document: str) -> None:
        """Add a document that is in the ledger.

        Args:
            path: its path; of several at the same path the last counts.
            document: its id.
        """
        self._places[path] = len(self._ids)
        self._ids.append(int(document, 16))

    def ids(self, places: Iterable[int]) -> list[str]:
        """The ids of the documents at these places."""
        return [f"{self._ids[place]:016x}" for place in places]

    @property
    def by_path(self) -> StoredByPath:
        """The documents by path, each once."""
        return StoredByPath(self, self._places)

    @overload
    def __getitem__(self, at: int) -> Document: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Document]: ...
    def __getitem__(self, at: int | slice) -> Document | Sequence[Document]:
        places = range(len(self._ids))[at]
        return self.at(places) if isinstance(places, range) else self.at([places])[0]

    def at(self, places: Iterable[int]) -> list[Document]:
        """The documents at these places."""
        return self._ledger.documents(self.ids(places))

    def __iter__(self) -> Iterator[Document]:
        for start in range(0, len(self._ids), AT_ONCE):
            yield from self[start : start + AT_ONCE]

    def __len__(self) -> int:
        return len(self._ids)


class StoredByPath(Mapping[str, Document]):
    """Documents in the ledger by path. The one that was asked for last is held: what follows is mostly about the same.

    Args:
        documents: all of them.
        places: where each is among them.
    """

    def __init__(self, documents: StoredDocuments, places: Mapping[str, int]) -> None:
        self._documents = documents
        self._places = places
        self._last: Document | None = None

    def __getitem__(self, path: str) -> Document:
        if self._last is None or self._last.path != path:
            self._last = self._documents[self._places[path]]
        return self._last

    def ids(self, paths: Iterable[str]) -> list[str]:
        """The ids of the documents at these paths."""
        return self._documents.ids(self._places[path] for path in paths)

    def several(self, paths: Iterable[str]) -> list[Document]:
        """The documents at these paths."""
        return self._documents.at(self._places[path] for path in paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, path: object) -> bool:
        return path in self._places
