"""What was asked and what came back: requests, sendings, batches, responses, and what they cost."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from curate.ledger.database import Database
from curate.ledger.rows import BatchRow, RequestRow, ResponseRow, SendingRow, Spent

SHARED = "shared"
"""In a request as it is kept: the name of what it has in common with others, in `shared_texts`."""


class Requests(Database):
    """What was asked and what came back: requests, sendings, batches, responses, and what they cost."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._shared: dict[str, dict[str, Any]] = {}

    def add_request(self, key: str, kind: str, document: str, passage: str | None, body: dict[str, Any]) -> None:
        """Keep what is about to be asked.

        Args:
            key: the request's key.
            kind: the kind of pair.
            document: the document's path.
            passage: the passage.
            body: the request as it is sent.
        """
        shared = json.dumps({name: body[name] for name in body if name != "user"}, ensure_ascii=False)
        name = hashlib.sha256(shared.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        if name not in self._shared:  # what a million requests begin with is kept once
            self._write("insert or ignore into shared_texts values (?, ?)", (name, shared))
            if not self._db.in_transaction:  # what is rolled back would be missed
                self._shared[name] = json.loads(shared)
        kept = json.dumps({"user": body.get("user", ""), SHARED: name}, ensure_ascii=False)
        self._write("insert or ignore into requests values (?, ?, ?, ?, ?, ?)", (key, kind, document, passage, kept, time.time()))

    def _body(self, kept: str) -> dict[str, Any]:
        """A request as it was sent. In ledgers of before 0.2 it is whole."""
        body: dict[str, Any] = json.loads(kept)
        if (name := body.pop(SHARED, None)) is None:
            return body
        if name not in self._shared:
            row = self._db.execute("select body from shared_texts where hash = ?", (name,)).fetchone()
            self._shared[name] = json.loads(row[0])
        return body | self._shared[name]

    def request(self, key: str) -> RequestRow | None:
        """The request with this key."""
        row = self._db.execute("select key, kind, document, passage, body from requests where key = ?", (key,)).fetchone()
        return RequestRow(row[0], row[1], row[2], row[3], self._body(row[4])) if row else None

    def has_request(self, key: str) -> bool:
        """Whether a request was asked, or was about to be."""
        return self._db.execute("select 1 from requests where key = ?", (key,)).fetchone() is not None

    def has_requests(self) -> bool:
        """Whether anything was ever asked."""
        return bool(self._db.execute("select exists (select 1 from requests)").fetchone()[0])

    def answered_requests(self, document: str, kind: str) -> Iterator[RequestRow]:
        """Every request about a document for a kind of pair that has a response."""
        rows = self._db.execute(
            "select key, kind, document, passage, body from requests"
            " where document = ? and kind = ? and exists (select 1 from responses where request = key)",
            (document, kind),
        )
        for row in rows:
            yield RequestRow(row[0], row[1], row[2], row[3], self._body(row[4]))

    def send(self, request: str, worst_usd: float, batch: int | None = None) -> int:
        """Note that a request is about to be sent, and what its answer may cost; gives the sending's number.

        Args:
            request: the request.
            worst_usd: US dollars that its answer may cost at most.
            batch: the batch that it is part of, or None.
        """
        cursor = self._write(
            "insert into sent (request, batch, sent_at, worst_usd) values (?, ?, ?, ?)", (request, batch, time.time(), worst_usd)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def settle(self, sent: int, outcome: str) -> None:
        """Note what became of a sending: `answered`, `not billed`, or `lost` (it may have been billed)."""
        self._write("update sent set outcome = ? where id = ?", (outcome, sent))

    def sendings(self, request: str) -> list[SendingRow]:
        """Every sending of a request, oldest first."""
        rows = self._db.execute("select id, batch, outcome from sent where request = ? order by id", (request,))
        return [SendingRow(*row) for row in rows]

    def unaccounted(self) -> float:
        """US dollars that what was sent and not answered may cost at most: what was lost, and what is with batches."""
        return self.lost() + self.in_batches()

    def lost(self) -> float:
        """US dollars that answers which never arrived may have cost at most: connections that broke, processes killed."""
        query = "select coalesce(sum(worst_usd), 0.0) from sent where outcome = 'lost' or (outcome is null and batch is null)"
        return float(self._db.execute(query).fetchone()[0])

    def in_batches(self) -> float:
        """US dollars that batches under way may cost at most."""
        query = "select coalesce(sum(worst_usd), 0.0) from sent where outcome is null and batch is not null"
        return float(self._db.execute(query).fetchone()[0])

    def add_answer(self, sent: int, request: str, response: dict[str, Any]) -> None:
        """Keep the response that a sending brought.

        Args:
            sent: the sending's number.
            request: the request.
            response: the response.
        """
        with self.transaction():
            self.add_response(request, response)
            self.settle(sent, "answered")

    def begin_batch(self, requests: Sequence[tuple[str, float]]) -> tuple[int, list[int]]:
        """Note a batch before it is handed over: its number, and those of its sendings. Requests: (key, worst US dollars)."""
        with self.transaction():
            batch = self._write("insert into batches (created_at) values (?)", (time.time(),)).lastrowid
            assert batch is not None
            return batch, [self.send(key, worst, batch) for key, worst in requests]

    def name_batch(self, batch: int, remote: str | None) -> None:
        """Note under which name the provider knows a batch."""
        self._write("update batches set remote = ? where id = ?", (remote, batch))

    def end_batch(self, batch: int, outcome: str) -> None:
        """Note that all results of a batch are kept; whatever is still open in it has the given outcome."""
        with self.transaction():
            self._write("update sent set outcome = ? where batch = ? and outcome is null", (outcome, batch))
            self._write("update batches set ended_at = ? where id = ?", (time.time(), batch))

    def open_batches(self) -> list[BatchRow]:
        """Batches whose results are not all here, oldest first."""
        rows = self._db.execute("select id, remote, created_at from batches where ended_at is null order by id")
        return [BatchRow(*row) for row in rows]

    def known_batches(self) -> set[str]:
        """The provider's names of all batches, open or not."""
        return {row[0] for row in self._db.execute("select remote from batches where remote is not null")}

    def open_sendings(self, batch: int) -> dict[int, str]:
        """The sendings of a batch that have no outcome yet: number and request."""
        rows = self._db.execute("select id, request from sent where batch = ? and outcome is null", (batch,))
        return {row["id"]: row["request"] for row in rows}

    def add_response(self, request: str, response: dict[str, Any]) -> None:
        """Keep a response. Called the moment it arrives, before anything is made of it."""
        columns = (
            "provider", "model", "text", "stop_reason", "input_tokens", "output_tokens", "cache_write_tokens",
            "cache_read_tokens", "usd",
        )  # fmt: skip
        self._write(
            f"insert into responses (request, received_at, {', '.join(columns)}) values (?, ?{', ?' * len(columns)})",  # noqa: S608
            (request, time.time(), *(response[column] for column in columns)),
        )

    def responses(self, request: str) -> list[ResponseRow]:
        """Every response to a request, oldest first."""
        rows = self._db.execute(
            "select provider, model, text, stop_reason, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens, usd"
            " from responses where request = ? order by id",
            (request,),
        )
        return [ResponseRow(*row) for row in rows]

    def seconds_of_an_answer(self) -> float | None:
        """How long a live answer takes on average, from those that came at the first try."""
        query = """
            select avg(r.received_at - s.sent_at) from responses r join sent s on s.request = r.request
            where s.batch is null and s.outcome = 'answered' and r.provider = 'anthropic' and r.received_at >= s.sent_at
            and 1 = (select count(*) from sent where request = r.request)"""
        found: float | None = self._db.execute(query).fetchone()[0]
        return found

    def most_thought(self) -> int:
        """Most tokens that the newest hundred whole or cut answers had beyond their text, at two characters a token.

        A model that thinks before it answers is billed for it, and its thoughts take up the room of the answer. Of an answer
        that was cut all but a little was thought.
        """
        query = """
            select max(output_tokens - length(text) / 2) from (
                select output_tokens, text from responses where provider like 'anthropic%' order by id desc limit 100)"""
        return max(0, self._db.execute(query).fetchone()[0] or 0)

    def spent(self) -> Spent:
        """What all builds have asked for, and what it cost."""
        row = self._db.execute(
            "select count(*), coalesce(sum(input_tokens + cache_write_tokens + cache_read_tokens), 0),"
            " coalesce(sum(output_tokens), 0), coalesce(sum(usd), 0.0) from responses where provider != 'recorded'"
        ).fetchone()
        return Spent(*row)
