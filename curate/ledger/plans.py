"""What a recipe asks, request by request: a few facts of each, and no text. There may be a million.

`plans` remembers, of each document, what is asked about it: planning again costs little. `planned` is the plan of now, in a
temporary table, in the order in which it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from curate.ledger.database import Database
from curate.ledger.documents import MOST_VARIABLES
from curate.ledger.rows import ResponseRow

PAGE = 1000
"""Rows that are in memory at once while a plan is gone through."""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A request without its texts: where its material is in the document, and how long its prompt is."""

    key: str
    kind: str
    passage: str | None
    heading: str
    start: int
    end: int
    count: int
    tokens: float
    """Of the prompt, roughly, without what all prompts begin with."""
    bytes: int
    """Of it as well."""


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """What is asked about one document."""

    words: int
    """Of the document."""
    passages: int
    requests: Sequence[PlannedRow]


View = Literal["all", "asked", "missing"]
"""All requests; those that decided pairs do not cover; and those of them without an answer."""
VIEWS: Mapping[View, str] = {"all": "1", "asked": "not covered", "missing": "not covered and not settled"}
TABLES = """
drop table if exists temp.planned;
create temp table planned (
    position integer primary key, key text not null unique, document text not null, kind text not null, passage text,
    heading text not null, start integer not null, end integer not null, count integer not null, tokens real not null,
    bytes integer not null, settled integer not null default 0, covered integer not null default 0);
create index temp.planned_by_document on planned (document, kind)"""
COLUMNS = "key, kind, passage, heading, start, end, count, tokens, bytes"


class Plans(Database):
    """What a recipe asks, request by request."""

    def documents_planned(self, identity: str, documents: Sequence[str]) -> dict[str, DocumentPlan]:
        """What is asked about documents, as far as it is known.

        Args:
            identity: of all that decides it beside the document.
            documents: their ids.
        """
        found = {}
        for start in range(0, len(documents), MOST_VARIABLES):
            some = documents[start : start + MOST_VARIABLES]
            query = f"select document, facts from plans where identity = ? and document in ({', '.join('?' * len(some))})"  # noqa: S608
            for document, facts in self._db.execute(query, (identity, *some)):
                words, passages, requests = json.loads(facts)
                found[document] = DocumentPlan(words, passages, [PlannedRow(*row) for row in requests])
        return found

    def add_plans(self, identity: str, plans: Iterable[tuple[str, DocumentPlan]]) -> None:
        """Remember what is asked about documents.

        Args:
            identity: see `documents_planned`.
            plans: by the documents' ids.
        """
        rows = [
            (
                document,
                identity,
                json.dumps(
                    [plan.words, plan.passages, [[getattr(row, name) for name in PlannedRow.__slots__] for row in plan.requests]],
                    ensure_ascii=False,
                ),
            )
            for document, plan in plans
        ]
        with self.transaction():
            self._db.executemany("insert or replace into plans values (?, ?, ?)", rows)

    def begin_plan(self) -> None:
        """Forget the plan of before."""
        for statement in TABLES.split(";"):
            self._db.execute(statement)

    def plan(self, requests: Iterable[tuple[str, PlannedRow]]) -> None:
        """Add requests to the plan, but for those that are in it already.

        Args:
            requests: each with its document's path.
        """
        rows = [
            (path, row.key, row.kind, row.passage, row.heading, row.start, row.end, row.count, row.tokens, row.bytes)
            for path, row in requests
        ]
        self._db.execute("begin")
        self._db.executemany(f"insert or ignore into planned (document, {COLUMNS}) values (?{', ?' * 9})", rows)  # noqa: S608
        self._db.execute("commit")

    def keep_planned(self, positions: Iterable[int]) -> None:
        """Take all other requests out of the plan."""
        self._db.execute("create temp table chosen (position integer primary key)")
        self._db.executemany("insert into chosen values (?)", [(position,) for position in positions])
        self._db.execute("delete from planned where position not in (select position from chosen)")
        self._db.execute("drop table chosen")

    def cover(self, keys: Iterable[str]) -> None:
        """Note which requests need not be asked."""
        self._db.execute("update planned set covered = 0 where covered")
        self._db.executemany("update planned set covered = 1 where key = ?", [(key,) for key in keys])

    def settle_planned(self, positions: Iterable[int]) -> None:
        """Note which requests have an answer, or a reason why there will be none."""
        self._db.execute("begin")
        self._db.executemany("update planned set settled = 1 where position = ?", [(position,) for position in positions])
        self._db.execute("commit")

    def planned_count(self, view: View) -> int:
        """How many requests there are."""
        return int(self._db.execute(f"select count(*) from planned where {VIEWS[view]}").fetchone()[0])  # noqa: S608

    def planned_row(self, key: str, view: View) -> tuple[str, PlannedRow] | None:
        """A request, with its document's path."""
        query = f"select document, {COLUMNS} from planned where key = ? and {VIEWS[view]}"  # noqa: S608
        row = self._db.execute(query, (key,)).fetchone()
        return (row[0], PlannedRow(*row[1:])) if row else None

    def planned_rows(self, view: View) -> Iterator[tuple[int, str, PlannedRow]]:
        """Every request in order: its position, its document's path, and itself."""
        for page in self._pages(f"position, document, {COLUMNS}", VIEWS[view]):
            yield from ((row[0], row[1], PlannedRow(*row[2:])) for row in page)

    def planned_keys(self, view: View) -> Iterator[str]:
        """The key of every request, in order."""
        for page in self._pages("position, key", VIEWS[view]):
            yield from (row[1] for row in page)

    def planned_about(self, document: str, kind: str) -> list[PlannedRow]:
        """The requests for a kind of pair about a document."""
        query = f"select {COLUMNS} from planned where document = ? and kind = ? order by position"  # noqa: S608
        return [PlannedRow(*row) for row in self._db.execute(query, (document, kind))]

    def planned_responses(self, *, settled: bool) -> Iterator[tuple[int, PlannedRow, list[ResponseRow]]]:
        """Requests that have responses: their position, themselves and these.

        Args:
            settled: those of which it was noted that they have an answer, or the others.
        """
        query = (
            "select p.position, r.provider, r.model, r.text, r.stop_reason, r.input_tokens, r.output_tokens,"
            " r.cache_write_tokens, r.cache_read_tokens, r.usd from planned p join responses r on r.request = p.key"
            " where p.position between ? and ? and p.settled = ? order by p.position, r.id"
        )
        for page in self._pages(f"position, {COLUMNS}", "settled" if settled else "not settled"):
            rows = {row[0]: PlannedRow(*row[1:]) for row in page}
            responses = self._db.execute(query, (page[0][0], page[-1][0], settled)).fetchall()
            for position, found in groupby(responses, key=lambda row: row[0]):
                yield position, rows[position], [ResponseRow(*row[1:]) for row in found]

    def _pages(self, columns: str, condition: str) -> Iterator[list[Any]]:
        """The plan's rows in order, some at a time: what is noted of them meanwhile is in the rows that follow."""
        query = f"select {columns} from planned where position > ? and {condition} order by position limit ?"  # noqa: S608
        at = -1
        while page := self._db.execute(query, (at, PAGE)).fetchall():
            at = page[-1][0]
            yield page
