"""All sources of a recipe: what is new is read, what was read before comes from the ledger."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.ledger import Ledger
from curate.model import Document, Pair, Stage, content_hash
from curate.read.conversations import missing_author, pairs_of, read_messages
from curate.read.documents import Unreadable, read_document, source_files
from curate.read.ready_pairs import read_pairs
from recipes.errors import CallError
from recipes.schema import Recipe, Source

READER = "1"
"""Raised when files are read in another way, so that what was read before is read again."""


@dataclass
class Sources:
    """What a recipe's sources hold."""

    documents: list[Document] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """For the manifest: path, sha256, rights."""


@dataclass(frozen=True, slots=True)
class File:
    """A source file (or folder), its name relative to the recipe's folder, and the hash of its bytes."""

    path: Path
    name: str
    sha256: str
    source: Source


def find_files(recipe: Recipe, folder: Path) -> list[File]:
    """Every file that the sources name, hashed.

    Raises:
        CallError: a source names none, or a file cannot be opened.
    """
    files = []
    for source in recipe.sources:
        for path in source_files(source):
            try:
                sha256 = _folder_sha256(path) if path.is_dir() else _sha256(path)
            except OSError as error:
                raise CallError(f"cannot be opened: {error.strerror}", where=str(path)) from None
            files.append(File(path, os.path.relpath(path, folder), sha256, source))
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_sha256(folder: Path) -> str:
    """One hash over the files in a folder and their names. Hidden ones, and what `datasets` keeps for itself, are left out."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    kept = [name for name in names if not re.search(r"(?:^|/)(?:\.|cache-[^/]*\.arrow$)", name)]
    return content_hash([(name, _sha256(folder / name)) for name in kept], length=64)


def read_sources(files: list[File], ledger: Ledger, stage: Stage, progress: Callable[[int, int], None]) -> Sources:
    """Read every file; each is kept in the ledger as soon as it is read.

    Raises:
        CallError: files cannot be read; names every one, with its mend. The others are kept.
    """
    sources = Sources()
    problems = []
    senders: dict[tuple[str, str], Counter[tuple[str, ...]]] = {}  # by source: not each file has the author
    for number, file in enumerate(files, 1):
        try:
            match file.source.as_:
                case "documents":
                    sources.documents.append(_document(file, ledger))
                case "conversations":
                    author = file.source.author
                    assert author
                    messages = read_messages(file.path)
                    seen = senders.setdefault((file.source.path, author), Counter())
                    seen.update(message.sender for message in messages)
                    sources.pairs += pairs_of(messages, file.name, author, stage)
                case "pairs":
                    sources.pairs += read_pairs(file.path, file.name, stage)
        except Unreadable as reason:
            problems.append(f"{file.name} {reason}")
        sources.files.append({"path": file.name, "sha256": file.sha256, "rights": file.source.rights})
        progress(number, len(files))
    for (path, author), seen in senders.items():
        if missing := missing_author(author, seen):
            problems.append(f"{os.path.relpath(path)} {missing}")
    if problems:
        raise CallError(
            "\n".join(problems),
            where="sources" if len(problems) == 1 else f"sources: {len(problems)} files cannot be read",
            mend="Mend them, or leave them out with `exclude` under the source. Nothing was paid for.",
        )
    return sources


def read_before(sources: Iterable[Mapping[str, Any]], ledger: Ledger) -> list[Document]:
    """The documents among a manifest's sources (path, sha256, rights), as the ledger has them."""
    found = (ledger.document_of_file(each["path"], _key(each["rights"], each["sha256"])) for each in sources)
    return [document for document in found if document]


def _document(file: File, ledger: Ledger) -> Document:
    key = _key(file.source.rights, file.sha256)
    document = ledger.document_of_file(file.name, key)
    if document is None:
        document = read_document(file.path, file.name, file.source.rights)
        ledger.add_document(document, key)
    return document


def _key(rights: str, sha256: str) -> str:
    return f"{READER}:{rights}:{sha256}"
