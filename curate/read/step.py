"""The first steps of a build: read the files, and cut the documents into passages."""

from __future__ import annotations

from collections.abc import Sequence

from curate.job import Job
from curate.model import Passage
from curate.read.passages import cut as passages_of
from curate.read.read import File, Sources, read_sources
from curate.sources import SourceTexts


def read(job: Job, files: Sequence[File]) -> Sources:
    """Read the sources: documents and existing pairs.

    Raises:
        CallError: files cannot be read; it names each of them.
    """
    with job.stage("read") as stage:
        sources = read_sources(list(files), job.ledger, stage, job.watch.progress)
        stage.rows_in = len(files)
        stage.rows_out = len(sources.documents) + len(sources.pairs)
    for note in sources.notes():
        job.watch.note(note)
    return sources


def cut(job: Job, sources: Sources) -> SourceTexts:
    """The documents with their passages, and the controlled questions. Later steps compare pairs with them."""
    passages: dict[str, list[Passage]] = {}
    if job.recipe.generate:
        with job.stage("cut") as stage:
            for document in sources.documents:
                passages[document.path] = passages_of(document, job.recipe.passages.max_tokens)
            with job.ledger.transaction():
                for document in sources.documents:
                    job.ledger.add_passages(document, passages[document.path])
            stage.rows_in = len(sources.documents)
            stage.rows_out = sum(map(len, passages.values()))
    documents = {document.path: document for document in sources.documents}
    return SourceTexts(documents, passages, [question.question for question in job.control])
