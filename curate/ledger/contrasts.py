"""Thin terms, contrast sets, what people said of both, and the interview."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from curate.ledger.database import Database
from curate.model import (
    ContrastDecision,
    ContrastItem,
    ContrastSet,
    ContrastTask,
    Evidence,
    Explanation,
    Interviewed,
    TermDecision,
    ThinTerm,
)  # fmt: skip


class Contrasts(Database):
    """Thin terms, contrast sets, what people said of both, and the interview."""

    def add_term_decision(self, decision: TermDecision) -> None:
        """Keep what a person said of a term."""
        values = (decision.term, decision.action, decision.into, decision.text, decision.who, time.time())
        self._write("insert into term_decisions (term, action, into_term, text, who, taken_at) values (?, ?, ?, ?, ?, ?)", values)

    def term_decisions(self) -> list[TermDecision]:
        """What people said of terms, oldest first."""
        rows = self._db.execute("select term, action, into_term, text, who from term_decisions order by id")
        return [TermDecision(*row) for row in rows]

    def add_thin_terms(self, build: int, terms: Sequence[ThinTerm]) -> None:
        """Keep the thin terms of a build, in their order."""
        with self.transaction():
            self._db.executemany(
                "insert or replace into thin_terms values (?, ?, ?)",
                [(build, at, json.dumps(asdict(term), ensure_ascii=False)) for at, term in enumerate(terms)],
            )

    def thin_terms(self, build: int) -> list[ThinTerm]:
        """The thin terms of a build, in their order."""
        rows = self._db.execute("select body from thin_terms where build = ? order by position", (build,))
        found = []
        for (body,) in rows:
            values = json.loads(body)
            places = {name: tuple(Evidence(**each) for each in values.pop(name)) for name in ("mentions", "explanations")}
            found.append(ThinTerm(**values | places | {"said_by": tuple(values["said_by"])}))
        return found

    def add_contrast_sets(self, build: int, sets: Sequence[ContrastSet]) -> None:
        """Keep the contrast sets of a build."""
        with self.transaction():
            self._db.executemany(
                "insert or replace into contrast_sets values (?, ?, ?, ?)",
                [(build, each.id, each.term, json.dumps(asdict(each), ensure_ascii=False)) for each in sets],
            )

    def contrast_sets(self, build: int | None = None) -> list[ContrastSet]:
        """The contrast sets of a build; where none is named, of the newest that has any."""
        if build is None:
            build = self._db.execute("select max(build) from contrast_sets").fetchone()[0]
        rows = self._db.execute("select body from contrast_sets where build = ? order by id", (build,))
        return [_set(json.loads(body)) for (body,) in rows]

    def contrast_set(self, name: str) -> ContrastSet | None:
        """A contrast set as its newest build has it."""
        row = self._db.execute("select body from contrast_sets where id = ? order by build desc limit 1", (name,)).fetchone()
        return _set(json.loads(row[0])) if row else None

    def add_contrast_decision(self, decision: ContrastDecision) -> bool:
        """Keep what a person said of a contrast set; says whether it is new. The same person saying the same again is not."""
        texts = json.dumps(dict(sorted(decision.texts.items())), ensure_ascii=False)
        last = self._db.execute(
            "select verdict, texts from contrast_decisions where contrast_set = ? and reviewer = ? order by id desc limit 1",
            (decision.contrast_set, decision.reviewer),
        ).fetchone()
        if last and tuple(last) == (decision.verdict, texts):
            return False
        self._write(
            "insert into contrast_decisions (contrast_set, reviewer, verdict, texts, taken_at) values (?, ?, ?, ?, ?)",
            (decision.contrast_set, decision.reviewer, decision.verdict, texts, time.time()),
        )
        return True

    def contrast_decisions(self) -> dict[str, ContrastDecision]:
        """The last thing that anybody said of each contrast set, by set."""
        rows = self._db.execute("select contrast_set, reviewer, verdict, texts from contrast_decisions order by id")
        return {row[0]: ContrastDecision(row[0], row[1], row[2], json.loads(row[3])) for row in rows}

    def explanations(self) -> list[Explanation]:
        """What people say that terms are, oldest first. Of each contrast set the last decision counts."""
        said = self._db.execute("select taken_at, term, text from term_decisions where action = 'explain' and text != ''")
        found = [(at, Explanation(term, "", text)) for at, term, text in said]
        rows = self._db.execute(
            "select contrast_set, verdict, texts, taken_at,"
            " (select body from contrast_sets where id = contrast_set order by build desc limit 1)"
            " from contrast_decisions order by id"
        )
        for _, verdict, texts, at, body in {row[0]: tuple(row) for row in rows}.values():
            text, drafted = json.loads(texts).get("explain", "").strip(), json.loads(body or "{}")
            if verdict == "approve" and text and drafted.get("key"):
                found.append((at, Explanation(drafted["term"], drafted["key"], text)))
        return [each for _, each in sorted(found, key=lambda dated: dated[0])]

    def add_contrast_task(self, task: ContrastTask) -> None:
        """Keep an answer that somebody marked as wrong."""
        self._write(
            "insert into contrast_tasks (term, question, wrong, run, rows, opened_at) values (?, ?, ?, ?, ?, ?)",
            (task.term, task.question, task.wrong, task.run, json.dumps(task.rows), time.time()),
        )

    def contrast_tasks(self) -> list[ContrastTask]:
        """The answers that people marked as wrong, oldest first."""
        rows = self._db.execute("select term, question, wrong, run, rows from contrast_tasks order by id")
        return [ContrastTask(row[0], row[1], row[2], row[3], tuple(json.loads(row[4]))) for row in rows]

    def add_interviewed(self, said: Interviewed) -> int:
        """Keep an answer of the interview; gives its number."""
        cursor = self._write(
            "insert into interview (key, about, kind, question, follows, answer, choice, who, answered_at, retests)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                said.key, said.about, said.kind, said.question, said.follows, said.answer, said.choice, said.who,
                said.answered_at or time.time(), said.retests,
            ),
        )  # fmt: skip
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def interviewed(self) -> list[Interviewed]:
        """Everything that was said in the interview, oldest first."""
        rows = self._db.execute(
            "select id, key, about, kind, question, follows, answer, choice, who, answered_at, retests from interview order by id"
        )
        return [Interviewed(**dict(row)) for row in rows]

    def contrasts_said(self) -> int:
        """How often people have said something of terms, of contrast sets, or in the interview."""
        query = (
            "select (select count(*) from term_decisions) + (select count(*) from contrast_decisions)"
            " + (select count(*) from contrast_tasks) + (select count(*) from interview where answered_at >= 0)"
        )
        return int(self._db.execute(query).fetchone()[0])


def _set(values: dict[str, Any]) -> ContrastSet:
    items = tuple(
        ContrastItem(**each | {"evidence": Evidence(**each["evidence"]) if each["evidence"] else None})
        for each in values["items"]
    )
    mentions = tuple(Evidence(**each) for each in values["mentions"])
    return ContrastSet(**values | {"items": items, "mentions": mentions})
