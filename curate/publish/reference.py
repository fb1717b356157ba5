"""What a dataset folder says of the author, for measuring against: a profile in numbers and, where asked for, passages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.model import Pair
from curate.sources import SourceTexts
from likeness.files import write_atomic
from likeness.metrics.likeness import LikenessProfile
from likeness.recipe.folders import AUTHOR, DOCUMENTS

PASSAGES = pa.schema(
    [("id", pa.string()), ("document", pa.string()), ("start", pa.int64()), ("heading", pa.string()), ("text", pa.string())]
)


def write_reference(dataset: Path, texts: SourceTexts, pairs: Sequence[Pair], *, knowledge: bool) -> None:
    """Write `reference/author.json`, and `reference/documents.parquet` where the recipe's `export.knowledge` lets texts travel.

    Args:
        dataset: the dataset's folder.
        texts: the author's documents and passages.
        pairs: every pair that came ready: where there are no documents, what the author wrote in conversations is their text.
        knowledge: whether passages may travel.

    Raises:
        MachineError: the folder cannot be written to.
    """
    own = [document.own_text for document in texts.documents.values()]
    own += [pair.response for pair in pairs if pair.wrote == "person"]
    if own:
        write_atomic(dataset / AUTHOR, LikenessProfile.of(own).to_json())
    if not knowledge:
        (dataset / DOCUMENTS).unlink(missing_ok=True)
        return
    rows = [
        {"id": each.id, "document": each.document, "start": each.start, "heading": each.heading, "text": each.text}
        for passages in texts.passages.values()
        for each in passages
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=PASSAGES), sink, compression="zstd")
    write_atomic(dataset / DOCUMENTS, sink.getvalue())
