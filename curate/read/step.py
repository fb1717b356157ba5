"""The first steps of a build: read the files, and cut the documents into passages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from curate.engine.engine import Engine, parts_of
from curate.job import Job
from curate.ledger.ledger import Ledger
from curate.ledger.stored import StoredDocuments
from curate.model import Document, Passage
from curate.read.passages import cut as passages_of
from curate.read.read import File, Sources, read_sources
from curate.sources import SourceTexts

AT_ONCE = 32
"""Documents that are cut as one part of the step."""
WORTH_WORKERS = 16
"""Parts below which starting processes takes longer than cutting them here."""


def read(job: Job, files: Sequence[File]) -> Sources:
    """Read the sources: documents and existing pairs.

    Raises:
        CallError: files cannot be read; it names each of them.
    """
    with job.stage("read") as stage:
        sources = read_sources(list(files), job.ledger, stage, job.watch.progress, job.engine)
        stage.rows_in = len(files)
        stage.rows_out = len(sources.documents) + len(sources.pairs)
    for note in sources.notes():
        job.watch.note(note)
    return sources


def cut(job: Job, sources: Sources) -> SourceTexts:
    """The documents with their passages, and the controlled questions. The texts stay in the ledger."""
    control = [question.question for question in job.control]
    documents = sources.documents.by_path
    if not job.recipe.generate:
        return SourceTexts(documents, control=control)
    most = job.recipe.passages.max_tokens
    with job.stage("cut") as stage:
        stage.rows_in = len(sources.documents)
        stage.rows_out = keep_passages(sources.documents, most, job.ledger, job.engine)
    return SourceTexts(documents, CutDocuments(documents, most), control)


def keep_passages(documents: StoredDocuments, max_tokens: int, ledger: Ledger, engine: Engine) -> int:
    """Cut documents and keep their passages in the ledger; gives how many there are.

    Args:
        documents: what was read.
        max_tokens: most tokens of a passage.
        ledger: takes them, of some documents at a time.
        engine: where they are cut.
    """
    at = count = 0
    for part in engine.map(_cut, max_tokens, parts_of(documents, AT_ONCE), worth=WORTH_WORKERS):
        with ledger.transaction():
            for document, passages in zip(documents.ids(range(at, at + len(part))), part, strict=True):
                ledger.add_passages(document, passages)
        at += len(part)
        count += sum(map(len, part))
    return count


class CutDocuments(Mapping[str, Sequence[Passage]]):
    """The passages of documents by path, cut when they are asked for: that takes less long than to keep and read them.

    Args:
        documents: by path.
        max_tokens: most tokens of a passage.
    """

    def __init__(self, documents: Mapping[str, Document], max_tokens: int) -> None:
        self._documents = documents
        self._max_tokens = max_tokens

    def __getitem__(self, path: str) -> Sequence[Passage]:
        return passages_of(self._documents[path], self._max_tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


def hold(job: Job, texts: SourceTexts, sources: Sources) -> SourceTexts:
    """The texts in memory, for the steps that compare every pair with them.

    Args:
        job: the build.
        texts: of the documents, which are in the ledger.
        sources: what was read.
    """
    documents = {document.path: document for document in sources.documents}
    passages = cut_all(list(documents.values()), job.recipe.passages.max_tokens, job.engine) if texts.passages else {}
    return SourceTexts(documents, passages, texts.control)


def cut_all(documents: Sequence[Document], max_tokens: int, engine: Engine) -> dict[str, list[Passage]]:
    """The passages of each document, by path.

    Args:
        documents: what was read.
        max_tokens: most tokens of a passage.
        engine: where they are cut.
    """
    cut_parts = engine.map(_cut, max_tokens, parts_of(documents, AT_ONCE), worth=WORTH_WORKERS)
    passages = (each for part in cut_parts for each in part)
    return {document.path: cut for document, cut in zip(documents, passages, strict=True)}


def _cut(max_tokens: int, documents: Sequence[Document]) -> list[list[Passage]]:
    return [passages_of(document, max_tokens) for document in documents]
