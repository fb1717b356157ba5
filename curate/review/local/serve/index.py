"""What the engine derives from Argilla's database: an index of the texts, in a file beside it, and the vectors, in memory.

Everything else is read from the database itself, so it cannot go out of step. These two are brought up to date when they are
next asked for. The file may be deleted whenever the server is down: it is made again.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import compress, islice, pairwise
from math import inf
from pathlib import Path
from typing import Any, assert_never

import numpy as np

from .text import Everything, Fuzzy, Group, Not, Phrase, Prefix, Query, Words, shown, words

FORMAT = 2  # of the file; to be raised when a word of another text would be found there
MOST_SPELLINGS = 10  # that a misspelt word is looked up as, like fuzzy_max_expansions in Argilla's query
BREAK = " \u241e "  # between a chat's messages: no word, so that no phrase goes from one into the next

TABLES = """
CREATE TABLE side.places (place INTEGER PRIMARY KEY, dataset TEXT, record TEXT, updated_at TEXT, field TEXT);
CREATE INDEX side.places_of_dataset ON places (dataset, record);
CREATE VIRTUAL TABLE side.texts USING fts5 (words, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S*'");
CREATE VIRTUAL TABLE side.vocabulary USING fts5vocab (texts, row);
"""
# One row for each field of a record, so that "all words in one field" is a query of FTS5's own. The texts are cut into words
# by `words`, here as in queries; FTS5 is told to split at blanks only, and to leave accents where they are.

VECTORS = "FROM main.vectors WHERE vector_settings_id = ?"


class Index:
    """A connection that reads Argilla's database and writes the index beside it. One caller at a time."""

    def __init__(self, database: Path, file: Path) -> None:
        self.lock = threading.Lock()
        self._connection = _open(database, file)
        self._connection.create_function("moves", 2, _moves, deterministic=True)
        self._indexed: set[str] = set()
        self._vectors: dict[str, tuple[list[str], np.ndarray]] = {}

    def rows(self, statement: str, values: dict[str, Any]) -> list[Any]:
        """What a statement finds."""
        return self._connection.execute(statement, values).fetchall()

    def changed(self, dataset: str) -> None:
        """Records of a dataset came, went or were altered."""
        self._indexed.discard(dataset)
        self._vectors = {}  # what is being read this moment goes into the old one

    # texts

    def find(self, query: Query, dataset: str, field: str | None) -> dict[str, float]:
        """Ids of the records that match, each with a score (BM25, higher is better).

        Args:
            query: parsed.
            dataset: the dataset's id.
            field: to look in; None for all.
        """
        if dataset not in self._indexed:
            self._indexed.add(dataset)  # first: what changes meanwhile takes it out again
            self._bring_up_to_date(dataset)
        return self._evaluate(query, dataset, field)

    def _evaluate(self, query: Query, dataset: str, field: str | None) -> dict[str, float]:
        match query:
            case Everything():
                return dict.fromkeys(self._records(dataset), 1.0)
            case Not(inner):
                excluded = self._evaluate(inner, dataset, field)
                return dict.fromkeys((record for record in self._records(dataset) if record not in excluded), 1.0)
            case Group(first, rest):
                found = self._evaluate(first, dataset, field)
                for every, each in rest:
                    other = self._evaluate(each, dataset, field)
                    added = _added([*found.items(), *other.items()])
                    found = {record: added[record] for record in found.keys() & other.keys()} if every else added
                return found
            case Words(parts):
                return self._match(" AND ".join(map(_quoted, parts)), dataset, field)
            case Phrase(parts, 0):
                return self._match(_quoted(" ".join(parts)), dataset, field)
            case Phrase(parts, slop):  # FTS5 counts the words between the first and the last, and knows no order
                near = f"NEAR({' '.join(map(_quoted, parts))}, {slop + len(parts) - 2})"
                return self._match(near, dataset, field, query)
            case Prefix(start):
                return self._match(f"{_quoted(start)} *", dataset, field)
            case Fuzzy(word, edits):
                found_by_each = (self._match(_quoted(term), dataset, field) for term in self._spellings(word, edits))
                of_this_dataset = islice(filter(None, found_by_each), MOST_SPELLINGS)
                return _added(pair for found in of_this_dataset for pair in found.items())
        assert_never(query)

    def _match(self, expression: str, dataset: str, field: str | None, phrase: Phrase | None = None) -> dict[str, float]:
        """The records with a field that matches an FTS5 expression (and the phrase, within its slop): two count twice."""
        found = self._connection.execute(
            "SELECT places.record, -texts.rank FROM side.texts CROSS JOIN side.places ON places.place = texts.rowid"
            " WHERE texts MATCH :expression AND places.dataset = :dataset AND (:field IS NULL OR places.field = :field)"
            " AND (:phrase IS NULL OR moves(texts.words, :phrase) <= :slop)",
            {
                "expression": expression,
                "dataset": dataset,
                "field": field,
                "phrase": " ".join(phrase.words) if phrase else None,
                "slop": phrase.slop if phrase else None,
            },
        )
        return _added(found)

    def _spellings(self, word: str, edits: int) -> list[str]:
        """The words of the index, of whatever dataset, that a misspelt one may mean, the nearest first."""
        # `edits` changes leave at least one of edits + 1 parts as it is. That spares most words a closer look.
        ends = [len(word) * part // (edits + 1) for part in range(edits + 2)]
        parts = [word[start:end] for start, end in pairwise(ends)]
        terms = self._connection.execute(
            "SELECT term FROM side.vocabulary WHERE length(term) BETWEEN ? AND ?"
            " AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(term, value))",
            (len(word) - edits, len(word) + edits, json.dumps(parts)),
        )
        near = [(distance, term) for (term,) in terms if (distance := _edits(word, term, edits)) <= edits]
        return [term for _, term in sorted(near)]

    def _records(self, dataset: str) -> list[str]:
        return [record for (record,) in self._connection.execute("SELECT id FROM main.records WHERE dataset_id = ?", (dataset,))]

    def _bring_up_to_date(self, dataset: str) -> None:
        """Take out what is gone or older than its record, then put in what is missing."""
        connection = self._connection
        try:
            with connection:
                old = connection.execute(
                    "SELECT p.place FROM side.places p LEFT JOIN main.records r"
                    " ON r.id = p.record AND r.updated_at = p.updated_at"
                    " WHERE p.dataset = ? AND r.id IS NULL",
                    (dataset,),
                ).fetchall()
                connection.executemany("DELETE FROM side.texts WHERE rowid = ?", old)
                connection.executemany("DELETE FROM side.places WHERE place = ?", old)
                markdown = {
                    name: bool(marked)
                    for name, kind, marked in connection.execute(
                        "SELECT name, json_extract(settings, '$.type'), json_extract(settings, '$.use_markdown')"
                        " FROM main.fields WHERE dataset_id = ?",
                        (dataset,),
                    )
                    if kind != "image"
                }
                missing = connection.execute(
                    "SELECT id FROM main.records WHERE dataset_id = ?"
                    " AND id NOT IN (SELECT record FROM side.places WHERE dataset = ?)",
                    (dataset, dataset),
                ).fetchall()
                for (record,) in missing:  # one after the other: all texts at once would take tens of megabytes
                    self._put_in(dataset, record, markdown)
        except BaseException:
            self._indexed.discard(dataset)
            raise

    def _put_in(self, dataset: str, record: str, markdown: dict[str, bool]) -> None:
        """Index a record's texts, unless it has gone meanwhile."""
        connection = self._connection
        for updated_at, content in connection.execute(
            "SELECT updated_at, fields FROM main.records WHERE id = ?", (record,)
        ).fetchall():
            for field, value in json.loads(content).items():
                if field in markdown:
                    place = connection.execute(
                        "INSERT INTO side.places (dataset, record, updated_at, field) VALUES (?, ?, ?, ?)",
                        (dataset, record, updated_at, field),
                    ).lastrowid
                    texts = [shown(each) if markdown[field] else each for each in _texts(value)]
                    text = BREAK.join(" ".join(words(each)) for each in texts)
                    connection.execute("INSERT INTO side.texts (rowid, words) VALUES (?, ?)", (place, text))

    # vectors

    def vectors(self, settings: str, dimensions: int) -> tuple[list[str], np.ndarray]:
        """Record ids and their vectors of unit length: float32, (records, dimensions). Those with a NaN are left out."""
        known = self._vectors
        if settings not in known:
            (count,) = self._connection.execute(f"SELECT count(*) {VECTORS}", (settings,)).fetchone()
            records, matrix = [], np.empty((count, dimensions), dtype=np.float32)
            for row, (record, value) in enumerate(self._connection.execute(f"SELECT record_id, value {VECTORS}", (settings,))):
                records.append(record)
                matrix[row] = json.loads(value)
            lengths = np.linalg.norm(matrix, axis=1)
            whole = np.isfinite(lengths)
            unit = matrix[whole] / np.maximum(lengths[whole, None], 1e-12)
            known[settings] = list(compress(records, whole.tolist())), unit
        return known[settings]


def _open(database: Path, file: Path) -> sqlite3.Connection:
    """Connect, and rebuild the index where it is missing, damaged or of another format."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False, timeout=30)
    try:
        connection.execute("ATTACH ? AS side", (f"file:{file}?mode=rwc",))
        if connection.execute("PRAGMA side.quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        (found,) = connection.execute("PRAGMA side.user_version").fetchone()
        if found not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"format {found}")
        connection.execute("PRAGMA side.journal_mode = WAL")
        connection.execute("PRAGMA side.synchronous = OFF")
        if found == 0:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA side.user_version = {FORMAT}; COMMIT;")
        return connection
    except sqlite3.OperationalError:  # a full disk, for one, which deleting would not fix
        raise
    except sqlite3.DatabaseError as error:
        logging.getLogger(__name__).warning("%s is rebuilt: %s", file, error)
        connection.close()
        for leftover in file.parent.glob(f"{file.name}*"):
            leftover.unlink()
        return _open(database, file)


def _texts(value: Any) -> list[str]:
    """What can be searched of a field: a text, the contents of a chat's messages, a custom field's names and values."""
    if isinstance(value, list):
        return [str(message.get("content", "")) for message in value if isinstance(message, dict)]
    return [] if value is None else [str(value)]


def _added(scores: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Scores by record: what is found twice counts twice."""
    found: defaultdict[str, float] = defaultdict(float)
    for record, score in scores:
        found[record] += score
    return found


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""').replace("\0", " ") + '"'


def _moves(text: str, phrase: str) -> float:
    """How far the words of a phrase are from their places in it, where in a text they are nearest: the slop that it takes."""
    places = phrase.split()
    shifts = sorted(
        (at - place, place) for at, word in enumerate(text.split()) for place, each in enumerate(places) if word == each
    )
    inside: Counter[int] = Counter()
    best, start = inf, 0
    for shift, place in shifts:  # the narrowest window in which every place is taken
        inside[place] += 1
        while len(inside) == len(places):
            begins, leaves = shifts[start]
            best = min(best, shift - begins)
            inside[leaves] -= 1
            if not inside[leaves]:
                del inside[leaves]
            start += 1
    return best


def _edits(one: str, other: str, most: int) -> int:
    """How many letters must be put in, taken out or exchanged (Levenshtein); counting ends beyond `most`."""
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            line.append(min(line[-1] + 1, above[column] + 1, above[column - 1] + (letter != against)))
        if min(line) > most:
            return most + 1
        above = line
    return above[-1]
