"""Argilla's search engine over Argilla's own database. It takes the place of Elasticsearch, and says the same.

Filters, sorting, progress and metrics are SQL over the tables that the server writes, opened for reading: nothing is kept twice,
so nothing can go out of step. Of its hooks for writing only those matter that alter a text or a vector (index.py).

Two things differ on purpose. Without a query or a sort order the most doubtful records come first, by the least score of their
suggestions; then those without a score, as they were pushed. Whoever checks what a model wrote finds most where it is least
sure, and what is pushed later may be more doubtful than what waits already. Elasticsearch shuffles records for each user, so
that a team's members do not begin with the same one; here, as a rule, one person reviews. And where a field's settings say
that it holds Markdown, and so HTML, a reader searches what the page shows: not tags, not entities.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, TypeVarTuple
from uuid import UUID

import numpy as np
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.models import Dataset, MetadataProperty, Record, Response, Suggestion, User, VectorSettings
from argilla_server.search_engine import (
    Filter,
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    MetadataMetrics,
    Order,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
    TextQuery,
)

from .filters import EACH, Values, condition, doubt, json_path, sort_key, valid
from .index import Index
from .text import parse

DATABASE = Path("argilla.db")
INDEX = Path("search.db")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@SearchEngine.register("sqlite")
class SqliteSearchEngine(SearchEngine):
    """The server makes one for each request; they share the index."""

    _index: ClassVar[Index | None] = None

    @classmethod
    async def new_instance(cls) -> SqliteSearchEngine:
        """An engine; the first opens the index."""
        if cls._index is None:
            cls._index = Index(DATABASE, INDEX)
        return cls()

    async def close(self) -> None:
        """Nothing to close: the index stays open as long as the server runs."""

    async def ping(self) -> bool:
        """Whether the database can be read."""
        return bool(await self._rows("SELECT 1", {}))

    async def info(self) -> dict[str, Any]:
        """What the server's status page says of its engine."""
        return {"name": "sqlite", "version": {"number": sqlite3.sqlite_version, "distribution": "sqlite"}}

    # What the server writes it has written to its database already when it calls these.

    async def create_index(self, dataset: Dataset) -> None:
        """Nothing to do until somebody searches."""

    async def delete_index(self, dataset: Dataset) -> None:
        """The dataset is gone, and its records with it."""
        self._changed(dataset.id)

    async def configure_metadata_property(self, dataset: Dataset, metadata_property: MetadataProperty) -> None:
        """Nothing to do: metadata is read from the database."""

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None:
        """Nothing to do: vectors are read when they are asked for."""

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Records came or were altered."""
        self._changed(dataset.id)

    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Records went."""
        self._changed(dataset.id)

    async def partial_record_update(self, record: Record, **update: Any) -> None:
        """Nothing to do: the status is read from the database."""

    async def update_record_response(self, response: Response) -> None:
        """Nothing to do: responses are read from the database."""

    async def delete_record_response(self, response: Response) -> None:
        """Nothing to do: responses are read from the database."""

    async def update_record_suggestion(self, suggestion: Suggestion) -> None:
        """Nothing to do: suggestions are read from the database."""

    async def delete_record_suggestion(self, suggestion: Suggestion) -> None:
        """Nothing to do: suggestions are read from the database."""

    # Counts

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        """Records by status, and `total`."""
        if dataset.is_draft:
            return {}
        return _with_total(
            await self._rows(
                "SELECT status, count(*) FROM records WHERE dataset_id = :dataset GROUP BY status", {"dataset": dataset.id.hex}
            )
        )

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        """A user's responses by status, and `total`."""
        if dataset.is_draft:
            return {}
        return _with_total(
            await self._rows(
                "SELECT s.status, count(*) FROM responses s JOIN records r ON r.id = s.record_id"
                " WHERE r.dataset_id = :dataset AND s.user_id = :user GROUP BY s.status",
                {"dataset": dataset.id.hex, "user": user.id.hex},
            )
        )

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """The values of a metadata property with their counts; or, of numbers, the least and the greatest.

        What was pushed as extra metadata before there was such a property may be of another kind: that does not count.
        """
        values = {"dataset": metadata_property.dataset_id.hex, "path": json_path(metadata_property.name)}
        rows = f"FROM records r, json_each({valid('r.metadata')}, :path) v WHERE r.dataset_id = :dataset AND v.value IS NOT NULL"
        if metadata_property.type == MetadataPropertyType.terms:
            terms = await self._rows(
                f"SELECT CAST({EACH} AS TEXT), count(DISTINCT r.id) {rows} GROUP BY 1 ORDER BY 2 DESC, 1", values
            )
            counts = [TermsMetrics.TermCount(term=term, count=count) for term, count in terms]
            return TermsMetrics(total=sum(count for _, count in terms), values=counts)
        integer = metadata_property.type == MetadataPropertyType.integer
        numbers = "v.type = 'integer'" if integer else "v.type IN ('integer', 'real')"
        ((least, greatest),) = await self._rows(f"SELECT min(v.value), max(v.value) {rows} AND {numbers}", values)
        return (IntegerMetadataMetrics if integer else FloatMetadataMetrics)(min=least, max=greatest)

    # Searches

    async def search(
        self,
        dataset: Dataset,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        sort: Sequence[Order] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: UUID | None = None,
    ) -> SearchResponses:
        """A page of the records that match, in the order asked for: else best first with a query, most doubtful first without."""
        return await self._run(_search, dataset.id.hex, query, filter, sort or (), offset, limit)

    async def similarity_search(
        self,
        dataset: Dataset,
        vector_settings: VectorSettings,
        value: list[float] | None = None,
        record: Record | None = None,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        """The records whose vectors are most (or least) like a vector, or like another record's, which is left out."""
        if bool(value) == bool(record):  # as in Argilla's own engines
            raise ValueError("Must provide either vector value or record to compute the similarity search")
        wanted = value if record is None else record.vector_value_by_vector_settings(vector_settings)
        if not wanted:
            raise ValueError("Cannot find a vector value to apply with provided info")
        if len(wanted) != vector_settings.dimensions:
            raise UnprocessableEntityError(f"the vector has {len(wanted)} dimensions, not {vector_settings.dimensions}")
        length = np.linalg.norm(wanted)
        if not np.isfinite(length):
            raise UnprocessableEntityError("the vector holds what is no number, or one that is too large")
        towards = np.asarray(wanted) / (length or 1) * (-1 if order == SimilarityOrder.least_similar else 1)
        found = await self._run(_similar, dataset.id.hex, vector_settings.id.hex, towards.astype(np.float32), query, filter)
        best = [(other, score) for other, score in found if record is None or other != record.id.hex][:max_results]
        return _responses([(other, score) for other, score in best if threshold is None or score >= threshold], len(best))

    def _changed(self, dataset: UUID) -> None:
        assert self._index
        self._index.changed(dataset.hex)

    async def _rows(self, statement: str, values: dict[str, Any]) -> list[Any]:
        return await self._run(Index.rows, statement, values)

    async def _run(self, function: Callable[[Index, *Ts], T], *arguments: *Ts) -> T:
        """Call a function with the index, one at a time and away from the event loop."""
        index = self._index
        assert index

        def alone() -> T:
            with index.lock:
                return function(index, *arguments)

        return await asyncio.to_thread(alone)


def _search(
    index: Index,
    dataset: str,
    query: TextQuery | str | None,
    filter: Filter | None,
    sort: Sequence[Order],
    offset: int,
    limit: int,
) -> SearchResponses:
    values = Values()
    matching = _matching(index, dataset, query, filter, values)
    ((total,),) = index.rows(f"SELECT count(*) {matching}", values)
    keys = [sort_key(order, values) for order in sort] or ["m.value DESC" if query else doubt()]
    score = "NULL" if sort else "m.value" if query else "1.0"
    found = index.rows(
        f"SELECT r.id, {score} {matching} ORDER BY {', '.join([*keys, 'r.inserted_at', 'r.rowid'])}"
        f" LIMIT {values.bind(limit)} OFFSET {values.bind(min(offset, total))}",  # no number is too large to ask for
        values,
    )
    return _responses(found, total)


def _similar(
    index: Index, dataset: str, settings: str, towards: Any, query: TextQuery | str | None, filter: Filter | None
) -> list[tuple[str, float]]:
    """Record ids, most similar first, with Elasticsearch's score for cosine similarity: (1 + cosine) / 2."""
    records, vectors = index.vectors(settings, len(towards))
    if not records:
        return []
    scores = (1 + vectors @ towards) / 2
    ordered = [(records[place], float(scores[place])) for place in np.argsort(-scores, kind="stable")]
    if query is None and filter is None:
        return ordered
    values = Values()
    allowed = {record for (record,) in index.rows(f"SELECT r.id {_matching(index, dataset, query, filter, values)}", values)}
    return [(record, score) for record, score in ordered if record in allowed]


def _matching(index: Index, dataset: str, query: TextQuery | str | None, filter: Filter | None, values: Values) -> str:
    """The records `r` that match, as `FROM … WHERE …`; with a query, `m.value` is how well."""
    source = "FROM records r"
    if query is not None:
        text = query if isinstance(query, TextQuery) else TextQuery(q=query)
        parsed = parse(text.q)
        scores = index.find(parsed, dataset, text.field or None) if parsed else {}
        # CROSS JOIN keeps this order: each match is looked up among the records, not each record among the matches.
        source = f"FROM json_each({values.bind(json.dumps(scores))}) m CROSS JOIN records r ON r.id = m.key"
    where = f"r.dataset_id = {values.bind(dataset)}"
    return f"{source} WHERE {where} AND ({condition(filter, values)})" if filter else f"{source} WHERE {where}"


def _responses(found: Iterable[tuple[str, float | None]], total: int) -> SearchResponses:
    return SearchResponses(
        items=[SearchResponseItem(record_id=UUID(record), score=score) for record, score in found], total=total
    )


def _with_total(counts: Sequence[tuple[str, int]]) -> dict[str, int]:
    return {"total": sum(count for _, count in counts), **dict(counts)}
