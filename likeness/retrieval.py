"""Retrieval over the author's passages: full-text search in SQLite (FTS5), stemmed, ranked by BM25. No model, no server.

The same index serves the evaluation, `train chat` and the exported folder, so that what was measured is what is used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from likeness.files import atomic_file
from likeness.metrics.text import FUNCTION_WORDS, SPACELESS, words_of
from likeness.recipe.notes import with_notes

MOST = 2
"""Passages that a question is given."""
MOST_CHARACTERS = 2_800
"""Of the passages together: about 700 tokens, which leave a small model room for its answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that may hold the answer; the higher the score, the nearer."""

    id: str
    document: str
    heading: str
    text: str
    score: float


class Knowledge:
    """An index of passages.

    Args:
        database: an open index; use `of` or `open`.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def of(cls, passages: Iterable[dict[str, str]], path: Path | None = None) -> Knowledge:
        """Index passages, in memory or into a file.

        Args:
            passages: each with id, document, heading and text.
            path: the file; it appears whole.
        """
        rows = [(each["id"], each["document"], each.get("heading") or "", each["text"]) for each in passages]
        if path is None:
            return cls(_filled(sqlite3.connect(":memory:"), rows))
        with atomic_file(path) as part:
            part.unlink(missing_ok=True)
            _filled(sqlite3.connect(part), rows).close()
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Knowledge:
        """Open an index that `of` wrote, to read."""
        return cls(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False))  # only read

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM passages").fetchone()[0])

    def close(self) -> None:
        """Close the index."""
        self._database.close()

    def find(self, question: str, most: int = MOST) -> list[Found]:
        """The passages that a question's words are in, the best first.

        Args:
            question: what is asked.
            most: how many.
        """
        words = list(dict.fromkeys(words_of(question)))
        telling = [word for word in words if word not in FUNCTION_WORDS] or words
        if SPACELESS.search(question):  # the index is of triples of characters
            run = "".join(words)
            telling = [run[start : start + 3] for start in range(max(1, len(run) - 2))]
        if not telling:
            return []
        query = " OR ".join('"' + word.replace('"', '""') + '"' for word in telling)
        rows = self._database.execute(
            "SELECT id, document, heading, text, bm25(passages, 0, 0, 2.0, 1.0) AS score FROM passages "
            "WHERE passages MATCH ? ORDER BY score, rowid LIMIT ?",
            (query, most),
        )
        return [Found(identifier, document, heading, text, -score) for identifier, document, heading, text, score in rows]

    def with_passages(self, question: str) -> tuple[str, list[str]]:
        """The user's message with what was found as its notes, and the passages' ids; the question alone where nothing was.

        Args:
            question: what is asked.
        """
        found = self.find(question)
        notes = ""
        used: list[str] = []
        for each in found:
            text = f"{notes}\n\n{each.text}".strip()
            if len(text) > MOST_CHARACTERS and used:
                break
            notes = text[:MOST_CHARACTERS]
            used.append(each.id)
        return (with_notes(notes, question), used) if used else (question, [])

    def recall(self, asked: Sequence[tuple[str, str]], most: int = MOST) -> float | None:
        """The share of questions whose evidence is in what is found for them; None where there are none.

        Args:
            asked: question and quote of each pair, none of them in the index's words by design.
            most: passages that are looked at.
        """
        if not asked:
            return None
        held = sum(any(_plain(quote) in _plain(each.text) for each in self.find(question, most)) for question, quote in asked)
        return held / len(asked)


def _filled(database: sqlite3.Connection, rows: Sequence[tuple[str, str, str, str]]) -> sqlite3.Connection:
    spaceless = sum(bool(SPACELESS.search(row[3])) for row in rows) * 2 > len(rows)
    tokenizer = "trigram" if spaceless else "porter unicode61 remove_diacritics 2"
    with database:
        database.execute(
            f"CREATE VIRTUAL TABLE passages USING fts5(id UNINDEXED, document UNINDEXED, heading, text, tokenize='{tokenizer}')"
        )
        database.executemany("INSERT INTO passages VALUES (?, ?, ?, ?)", rows)
    return database


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
