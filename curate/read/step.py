"""The first steps of a build: read the files, and cut the documents into passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curate.engine.engine import Engine, parts_of
from curate.job import Job
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
    """The documents with their passages, and the controlled questions. Later steps compare pairs with them."""
    passages: Mapping[str, list[Passage]] = {}
    if job.recipe.generate:
        with job.stage("cut") as stage:
            passages = cut_all(sources.documents, job.recipe.passages.max_tokens, job.engine)
            with job.ledger.transaction():
                for document in sources.documents:
                    job.ledger.add_passages(document, passages[document.path])
            stage.rows_in = len(sources.documents)
            stage.rows_out = sum(map(len, passages.values()))
    documents = {document.path: document for document in sources.documents}
    return SourceTexts(documents, passages, [question.question for question in job.control])


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
