"""The plan of a recipe: every request that it makes, kept as a few facts each and written out when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from curate.generate.answers import Answer
from curate.generate.requests import Asking, is_about, request_about
from curate.ledger.ledger import Ledger
from curate.ledger.plans import PlannedRow, View
from curate.ledger.rows import ResponseRow
from curate.llm.answers import answer_in
from curate.llm.request import Asked, Extent, Request, Size
from curate.model import Document, Evidence, Passage
from likeness.kinds import KINDS


class Plan(Asked):
    """The requests of a recipe by key, in the order in which they are asked; see `curate.generate.planning.make_plan`.

    Args:
        asking: what all requests share.
        documents: by path.
        ledger: keeps the facts.
        view: which of them these are.
    """

    def __init__(self, asking: Asking, documents: Mapping[str, Document], ledger: Ledger, view: View = "all") -> None:
        self._asking = asking
        self._documents = documents
        self._ledger = ledger
        self._view = view

    def __len__(self) -> int:
        return self._ledger.planned_count(self._view)

    def __iter__(self) -> Iterator[str]:
        return self._ledger.planned_keys(self._view)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._ledger.planned_row(key, self._view) is not None

    def __getitem__(self, key: str) -> Request:
        if (found := self._ledger.planned_row(key, self._view)) is None:
            raise KeyError(key)
        return self._request(*found)

    def __bool__(self) -> bool:
        return any(True for _ in islice(self, 1))

    def sizes(self) -> Iterator[Size]:
        """What each comes to; no prompt is written for it."""
        return (self._size(row) for _, _, row in self._ledger.planned_rows(self._view))

    def keyed_sizes(self) -> Iterator[tuple[str, str, Size]]:
        """The key of each, the path of its document, and what it comes to."""
        return ((row.key, path, self._size(row)) for _, path, row in self._ledger.planned_rows(self._view))

    def answered(self) -> Iterator[tuple[Size, Sequence[ResponseRow]]]:
        """What those come to that have an answer, and what they got."""
        self.settle()
        return ((self._size(row), responses) for _, row, responses in self._ledger.planned_responses(settled=True))

    def settle(self) -> None:
        """Look which have got an answer, or a reason why there will be none."""
        found = (
            position
            for position, _, responses in self._ledger.planned_responses(settled=False)
            if answer_in(responses, Answer) is not None
        )
        while some := list(islice(found, 10_000)):
            self._ledger.settle_planned(some)

    def without(self, covered: Collection[str]) -> Plan:
        """Those that are to be asked: some need not be."""
        self._ledger.cover(covered)
        return Plan(self._asking, self._documents, self._ledger, "asked")

    def missing(self) -> Plan:
        """Those to be asked that have neither an answer nor a reason why there will be none."""
        self.settle()
        return Plan(self._asking, self._documents, self._ledger, "missing")

    def about(self, kind: str, evidence: Evidence) -> tuple[str, Request] | None:
        """The first request for a kind of pair that shows a part of a quote."""
        for row in self._ledger.planned_about(evidence.document, kind):
            if row.start < evidence.end and evidence.start < row.end:
                return row.key, self._request(evidence.document, row)
        return None

    def keep_sample(self, chosen: Sequence[Passage]) -> None:
        """Take all out that are not about some passages."""
        self._ledger.keep_planned(
            position
            for position, path, row in self._ledger.planned_rows("all")
            if is_about(chosen, path, row.passage, row.start, row.end)
        )

    def _request(self, path: str, row: PlannedRow) -> Request:
        kind, document = self._asking.kinds[row.kind], self._documents[path]
        material = document.text[row.start : row.end]
        return request_about(self._asking, kind, document, row.passage, row.heading, row.start, material, row.count)

    def _size(self, row: PlannedRow) -> Size:
        pairs, words, writes, schema = self._of_kind[row.kind]
        return Size(row.kind, row.count * pairs, words, writes, self._system, Extent(row.tokens, row.bytes), schema)

    @cached_property
    def _of_kind(self) -> dict[str, tuple[int, tuple[int, int], bool, int]]:
        return {
            name: (
                KINDS[name].exchanges,
                kind.word_range,
                not KINDS[name].response_is_material,
                len(json.dumps(self._asking.schemas[name]).encode()),
            )
            for name, kind in self._asking.kinds.items()
        }

    @cached_property
    def _system(self) -> Extent:
        return Extent.of(self._asking.system)
