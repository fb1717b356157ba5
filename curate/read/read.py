"""Read all sources of a recipe: new files are read, and unchanged ones come from the ledger."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from curate.engine.engine import Engine, Here
from curate.ledger.ledger import Ledger
from curate.ledger.stored import StoredDocuments
from curate.model import Document, Pair, Stage, content_hash
from curate.read.apart import Apart
from curate.read.conversations import missing_author, pairs_of, read_messages
from curate.read.documents import Unreadable, folder_read_by_suffix, no_file, refuse_name, source_files
from curate.read.mail import mail_messages, one_mailbox
from curate.read.mail_sealed import sealed_in_words
from curate.read.mailboxes import is_mail
from curate.read.message import Message
from curate.read.ready_pairs import read_pairs
from likeness.errors import CallError
from likeness.files import is_named_in_utf8, name_as_text
from likeness.recipe.schema import Recipe, Source

READER = "4"
"""Version of the readers. Raise it when a reader changes, so that files in the ledger are read again."""


@dataclass
class Sources:
    """The content of a recipe's sources."""

    documents: StoredDocuments
    """They stay in the ledger: each is read there when it is asked for."""
    pairs: list[Pair] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """The entries of the manifest: path, sha256, rights."""
    skipped: list[str] = field(default_factory=list)
    """Files that were skipped because they cannot be read (`unreadable: skip`), with the reason."""
    read_with: list[str] = field(default_factory=list)
    """Notes of the readers: guessed encodings, files that lost most of their text, encrypted mail."""

    def notes(self) -> list[str]:
        """Notes on how files were read: skipped files, guessed encodings, files that lost most of their text, encrypted mail."""
        return [f"skipped: {each}" for each in self.skipped] + self.read_with


@dataclass(frozen=True, slots=True)
class File:
    """A source file (or folder), its name relative to the recipe's folder as text, and the hash of its bytes."""

    path: Path
    name: str
    sha256: str
    source: Source


def find_files(recipe: Recipe, folder: Path) -> list[File]:
    """Every file that the sources name, hashed.

    A folder that is read by suffix may have lost its last file of one, while it has files of another.

    Raises:
        CallError: a source names none, or a file cannot be opened.
    """
    files = []
    found = [(source, source_files(source)) for source in recipe.sources]
    read = {folder_read_by_suffix(source) for source, paths in found if paths} - {None}
    for source, paths in found:
        if not paths and folder_read_by_suffix(source) not in read:
            raise no_file(source)
        for path in paths:
            try:
                sha256 = _folder_sha256(path) if path.is_dir() else _sha256(path)
            except OSError as error:
                raise CallError(f"cannot be opened: {error.strerror}", where=name_as_text(path)) from None
            files.append(File(path, name_as_text(os.path.relpath(path, folder)), sha256, source))
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_sha256(folder: Path) -> str:
    """One hash of the names and contents of a folder's files, without hidden files and the caches of `datasets`."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    kept = [name for name in names if not re.search(r"(?:^|/)(?:\.|cache-[^/]*\.arrow$)", name)]
    return content_hash([(name, _sha256(folder / name)) for name in kept], length=64)


def read_sources(
    files: list[File], ledger: Ledger, stage: Stage, progress: Callable[[int, int], None], engine: Engine | None = None
) -> Sources:
    """Read every file; each is kept in the ledger as soon as it is read, of many files a few at a time.

    Args:
        files: what the sources name.
        ledger: keeps each as soon as it is read.
        stage: counts what is read and left out.
        progress: called with the number of files read and the number of all files.
        engine: where documents are read; this process where none is named.

    Raises:
        CallError: files cannot be read, and their source does not skip such files. It names each file with its fix; all other
            files are kept in the ledger.
    """
    documents = [file for file in files if file.source.as_ == "documents" and is_named_in_utf8(file.path)]
    with Apart([(file.path, file.name, file.source.rights, _key(file)) for file in documents], ledger, engine or Here()) as apart:
        return _read_sources(files, Sources(StoredDocuments(ledger)), stage, progress, apart)


def _read_sources(
    files: list[File], sources: Sources, stage: Stage, progress: Callable[[int, int], None], apart: Apart
) -> Sources:
    problems = []
    senders: dict[tuple[str, str], Counter[tuple[str, ...]]] = {}  # by source: the author need not be in every file
    skipping: set[tuple[str, str]] = set()
    mails: dict[tuple[str, str], list[Message]] = {}  # by source: question and answer may be in two files
    for number, file in enumerate(files, 1):
        try:
            refuse_name(file.path)
            match file.source.as_:
                case "documents":
                    known = apart.known(file.name, _key(file))
                    sources.documents.append(file.name, known.id)
                    sources.read_with += [f"{file.name}: {note}" for note in known.notes]
                case "conversations":
                    author = file.source.author
                    assert author
                    key = file.source.path, author
                    if file.source.unreadable == "skip":
                        skipping.add(key)
                    if is_mail(file.path):
                        messages = [replace(mail, file=file.name) for mail in mail_messages(file.path)]
                        mails.setdefault(key, []).extend(messages)
                    else:
                        messages = read_messages(file.path, stage)
                        sources.pairs += pairs_of(messages, file.name, author, stage)
                    senders.setdefault(key, Counter()).update(message.sender for message in messages)
                case "pairs":
                    sources.pairs += read_pairs(file.path, file.name, stage)
        except Unreadable as reason:
            if file.source.unreadable == "refuse":
                problems.append(f"{file.name} {reason}")
            else:
                sources.skipped.append(f"{file.name} {reason}")
                stage.count("file that cannot be read")
            progress(number, len(files))
            continue
        sources.files.append({"path": file.name, "sha256": file.sha256, "rights": file.source.rights})
        progress(number, len(files))
    for (path, author), found in mails.items():
        try:
            mailbox = one_mailbox(found)
        except Unreadable as reason:
            (sources.skipped if (path, author) in skipping else problems).append(f"{os.path.relpath(path)} {reason}")
            continue
        if sealed := sealed_in_words(mailbox):
            sources.read_with.append(f"{os.path.relpath(path)}: {sealed}")
        sources.pairs += pairs_of(mailbox, path, author, stage)
    for (path, author), seen in senders.items():
        if missing := missing_author(author, seen):
            problems.append(f"{os.path.relpath(path)} {missing}")
    if problems:
        raise CallError(
            "\n".join(problems),
            where="sources" if len(problems) == 1 else f"sources: {len(problems)} files cannot be read",
            fix="Fix them, or leave them out with `exclude` or `unreadable: skip` under the source. Nothing was paid for.",
        )
    return sources


def read_before(sources: Iterable[Mapping[str, Any]], ledger: Ledger) -> list[Document]:
    """The documents of a manifest's sources (path, sha256, rights) that are in the ledger."""
    found = (ledger.document_of_file(each["path"], _key_of(each["rights"], each["sha256"])) for each in sources)
    return [document for document in found if document]


def _key(file: File) -> str:
    return _key_of(file.source.rights, file.sha256)


def _key_of(rights: str, sha256: str) -> str:
    return f"{READER}:{rights}:{sha256}"
