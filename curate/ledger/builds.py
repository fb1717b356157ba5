"""Builds, their pairs and their findings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from curate.ledger.database import Database
from curate.ledger.rows import BuildRow, finding_row, pair_row, prompt_json
from curate.model import Finding, Pair, Written


class Builds(Database):
    """Builds, their pairs and their findings."""

    def begin_build(self, fingerprint: str, sample: int | None = None) -> int:
        """A new build's number. `sample`: how many passages it is of, where it is not of all."""
        cursor = self._write(
            "insert into builds (started_at, fingerprint, sample) values (?, ?, ?)", (time.time(), fingerprint, sample)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def finish_build(self, build: int, version: str, result: dict[str, Any]) -> None:
        """Note that a build is whole.

        Args:
            build: the build's number.
            version: the dataset version that it became.
            result: what it came to, as `--json` gives it.
        """
        self._write(
            "update builds set finished_at = ?, version = ?, result = ? where id = ?",
            (time.time(), version, json.dumps(result, ensure_ascii=False), build),
        )

    def newest_build(self, *, finished: bool = False) -> BuildRow | None:
        """The last build of all passages, or the last one that was finished."""
        also = "and finished_at is not null" if finished else ""
        query = f"select id, fingerprint, version, result from builds where sample is null {also} order by id desc"  # noqa: S608
        return _build(self._db.execute(query).fetchone())

    def newest_result(self) -> dict[str, Any] | None:
        """What the last finished build came to, as `--json` gives it, be it a sample or of all."""
        row = self._db.execute("select result from builds where finished_at is not null order by id desc").fetchone()
        result: dict[str, Any] | None = json.loads(row[0]) if row and row[0] else None
        return result if result and "mix" in result and "sample" in result else None

    def build_of(self, version: str) -> BuildRow | None:
        """The last build that was finished as this dataset version."""
        query = (
            "select id, fingerprint, version, result from builds where version = ? and finished_at is not null order by id desc"
        )
        return _build(self._db.execute(query, (version,)).fetchone())

    def add_pairs(self, build: int, pairs: Iterable[Pair], state: str) -> None:
        """Keep a build's pairs; `state` is kept or dropped.

        Args:
            build: the build's number.
            pairs: the pairs to look at.
            state: what became of them: kept, dropped, awaiting, …
        """
        self._db.executemany(
            "insert or replace into pairs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    build, p.id, p.kind, p.document, prompt_json(p), p.response,
                    json.dumps([p.evidence.document, p.evidence.start, p.evidence.end, p.evidence.quote], ensure_ascii=False)
                    if p.evidence else None,
                    p.request, json.dumps(p.words_asked) if p.words_asked else None, state, p.context, p.replaces, p.earlier,
                )
                for p in pairs
            ],
        )  # fmt: skip

    def add_findings(self, build: int, findings: Iterable[Finding]) -> None:
        """Keep what the checks said."""
        self._db.executemany(
            "insert into findings values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    build,
                    f.pair,
                    f.check,
                    f.severity,
                    f.score,
                    f.message,
                    json.dumps([f.span.part, f.span.start, f.span.end]) if f.span else None,
                    f.reason,
                )
                for f in findings
            ],
        )

    def pairs_like(self, prefix: str) -> list[Written]:
        """Pairs whose id begins with `prefix`, each as its newest build has it."""
        rows = self._db.execute(
            "select *, max(build) as newest from pairs where substr(id, 1, ?) = ? group by id", (len(prefix), prefix)
        ).fetchall()
        return [Written(pair_row(row), row["state"], row["newest"]) for row in rows]

    def findings_of(self, build: int, pair: str) -> list[Finding]:
        """What the checks of a build said of a pair."""
        rows = self._db.execute("select * from findings where build = ? and pair = ?", (build, pair)).fetchall()
        return [finding_row(row) for row in rows]

    def pairs_of(self, build: int, *states: str) -> Iterator[Pair]:
        """A build's pairs in the given states, as the generator wrote them."""
        marks = ", ".join("?" * len(states))
        query = f"select * from pairs where build = ? and state in ({marks}) order by id"  # noqa: S608
        for row in self._db.execute(query, (build, *states)):
            yield pair_row(row)

    def written_in(self, build: int) -> Iterator[Written]:
        """Every pair of a build as the generator wrote it, by id, and its state."""
        for row in self._db.execute("select * from pairs where build = ? order by id", (build,)):
            yield Written(pair_row(row), row["state"], build)

    def pairs_worked_on(self, build: int) -> Iterator[Pair]:
        """The pairs of a build that hold a person's work, by id: decided, rewritten, or of an earlier document."""
        query = (
            "select * from pairs where build = ? and (replaces is not null or earlier is not null"
            " or id in (select pair from decisions)) order by id"
        )
        for row in self._db.execute(query, (build,)):
            yield pair_row(row)

    def pair(self, identifier: str) -> Pair | None:
        """The pair as its newest build has it."""
        row = self._db.execute("select * from pairs where id = ? order by build desc limit 1", (identifier,)).fetchone()
        return pair_row(row) if row else None

    def texts_of(self, identifier: str) -> list[Pair]:
        """The pair with each text that builds have had of it (private data may have been taken out since), oldest first."""
        query = "select *, min(build) as first from pairs where id = ? group by prompt, response order by first"
        return [pair_row(row) for row in self._db.execute(query, (identifier,))]

    def newest_pairs(self) -> int | None:
        """The newest build of all passages that came as far as its pairs."""
        query = "select max(p.build) from pairs p join builds b on b.id = p.build where b.sample is null"
        number: int | None = self._db.execute(query).fetchone()[0]
        return number

    def newest_sample(self) -> int | None:
        """The newest build of a sample that came as far as its pairs."""
        query = "select max(p.build) from pairs p join builds b on b.id = p.build where b.sample is not null"
        number: int | None = self._db.execute(query).fetchone()[0]
        return number

    def findings_in(self, build: int) -> Iterator[Finding]:
        """What the checks of a build said."""
        for row in self._db.execute("select * from findings where build = ?", (build,)):
            yield finding_row(row)


def _build(row: Sequence[Any] | None) -> BuildRow | None:
    return BuildRow(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None) if row else None
