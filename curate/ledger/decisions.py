"""What people decided, and what reviewers have before them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from curate.ledger.database import Database
from curate.ledger.rows import prompt_json
from curate.model import Decision, Pair


class Decisions(Database):
    """What people decided, and what reviewers have before them."""

    def add_decision(self, decision: Decision) -> bool:
        """Keep what a person said; says whether it is new. The same person saying the same again is not."""
        values = (
            decision.pair, decision.reviewer, decision.queue, decision.verdict, decision.instruction, decision.response,
            json.dumps(decision.reasons), decision.rating, decision.never_say, decision.note,
        )  # fmt: skip
        last = self._db.execute(
            "select pair, reviewer, queue, verdict, instruction, response, reasons, rating, never_say, note from decisions"
            " where pair = ? and reviewer = ? and queue = ? order by id desc limit 1",
            (decision.pair, decision.reviewer, decision.queue),
        ).fetchone()
        if last and tuple(last) == values:
            return False
        columns = "pair, reviewer, queue, verdict, instruction, response, reasons, rating, never_say, note, taken_at"
        self._write(
            f"insert into decisions ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*values, time.time()),
        )
        return True

    def decisions(self) -> dict[str, list[Decision]]:
        """Every decision, oldest first, by pair."""
        found: dict[str, list[Decision]] = {}
        for row in self._db.execute("select * from decisions order by id"):
            values = {name: row[name] for name in row.keys() if name not in ("id", "carried_from")}  # noqa: SIM118 - Row iterates values
            decision = Decision(**values | {"reasons": tuple(json.loads(row["reasons"]))})
            found.setdefault(decision.pair, []).append(decision)
        return found

    def carry_decisions(self, pairs: Iterable[Pair]) -> int:
        """What was decided of a pair counts for another that says word for word the same; gives how many decisions that brings.

        A request that changes by a word brings the same pairs under other ids. Decisions made later of the old one follow it.
        """
        decided: dict[tuple[str, ...], list[str]] = {}
        for identifier, *says in self._db.execute(
            "select distinct p.id, p.kind, p.document, p.prompt, p.response, p.context from decisions d"
            " join pairs p on p.id = d.pair where d.carried_from is null"
        ):
            decided.setdefault(tuple(says), []).append(identifier)
        twins = [
            (pair.id, twin)
            for pair in pairs
            for twin in decided.get((pair.kind, pair.document, prompt_json(pair), pair.response, pair.context), ())
            if twin != pair.id
        ]
        what = "reviewer, queue, verdict, instruction, response, reasons, rating, never_say, note, taken_at"
        with self.transaction():
            return self._db.executemany(
                f"insert into decisions (pair, {what}, carried_from) select :pair, {what}, id from decisions d"  # noqa: S608
                " where pair = :twin and carried_from is null"
                " and not exists (select 1 from decisions where pair = :pair and carried_from = d.id) order by id",
                [{"pair": pair, "twin": twin} for pair, twin in twins],
            ).rowcount

    def decisions_made(self) -> int:
        """How many decisions people have made; those carried over are not counted again."""
        return int(self._db.execute("select count(*) from decisions where carried_from is null").fetchone()[0])

    def anything_pushed(self) -> bool:
        """Whether pairs were ever pushed for reviewers."""
        return bool(self._db.execute("select exists (select 1 from desk)").fetchone()[0])

    def pushed_records(self, server: str, queue: str) -> dict[str, str]:
        """Pairs that were pushed to a server: pair, and the hash of what was pushed."""
        rows = self._db.execute(
            "select pair, content from desk where server = ? and queue = ? and retired_at is null", (server, queue)
        )
        return {row["pair"]: row["content"] for row in rows}

    def note_pushed(self, server: str, queue: str, pushed: Iterable[tuple[str, str]]) -> None:
        """Note what was pushed: (pair, hash of its content).

        Args:
            server: the Argilla server's name.
            queue: `review` or `tie-break`.
            pushed: (pair, hash of its content) each.
        """
        with self.transaction():
            self._db.executemany(
                "insert or replace into desk values (?, ?, ?, ?, ?, null)",
                [(server, queue, pair, content, time.time()) for pair, content in pushed],
            )

    def note_retired(self, server: str, queue: str, pairs: Iterable[str]) -> None:
        """Note that pairs are no longer asked about.

        Args:
            server: the Argilla server's name.
            queue: `review` or `tie-break`.
            pairs: the pairs to look at.
        """
        with self.transaction():
            self._db.executemany(
                "update desk set retired_at = ? where server = ? and queue = ? and pair = ?",
                [(time.time(), server, queue, pair) for pair in pairs],
            )
