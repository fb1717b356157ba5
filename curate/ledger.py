"""The ledger: one SQLite file per recipe that remembers every document, request, response, pair and finding.

Rows are added, not overwritten: a response that was paid for stays, whatever becomes of its recipe. What belongs to which
build is told by the `build` column of pairs and findings. Each change is committed at once (WAL), so that a killed process
loses nothing that had arrived.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.model import Decision, Document, Evidence, Finding, Pair, Passage, Span, Stage, Turn
from recipes.errors import MachineError
from recipes.folders import cannot_write

MIGRATIONS = [
    """
    create table documents (
        id text primary key, path text not null, file_sha256 text not null, title text not null, text text not null,
        rights text not null, read_at real not null);
    create index documents_by_file on documents (path, file_sha256);
    create table passages (
        id text not null, document text not null references documents (id), start integer not null, end integer not null,
        heading text not null, primary key (document, start, end));
    create index passages_by_id on passages (id);
    create table requests (
        key text primary key, kind text not null, document text not null, passage text, body text not null,
        created_at real not null);
    create table responses (
        id integer primary key, request text not null references requests (key), received_at real not null,
        provider text not null, model text not null, text text not null, stop_reason text not null,
        input_tokens integer not null, output_tokens integer not null, cache_write_tokens integer not null,
        cache_read_tokens integer not null, usd real not null);
    create index responses_by_request on responses (request);
    create table voice_samples (id integer primary key, chosen_at real not null, samples text not null);
    create table builds (
        id integer primary key, started_at real not null, finished_at real, fingerprint text not null, version text,
        result text);
    create table pairs (
        build integer not null references builds (id), id text not null, kind text not null, document text not null,
        prompt text not null, response text not null, evidence text, request text, words_asked text, state text not null,
        primary key (build, id)) without rowid;
    create table findings (
        build integer not null references builds (id), pair text not null, check_name text not null,
        severity text not null, score real not null, message text not null);
    create index findings_by_pair on findings (build, pair);
    """,
    "alter table findings add column span text;",
    "alter table pairs add column context text not null default '';",
    """
    create table batches (
        id integer primary key, remote text unique, created_at real not null, ended_at real);
    create table sent (
        id integer primary key, request text not null references requests (key), batch integer references batches (id),
        sent_at real not null, worst_usd real not null, outcome text);
    create index sent_by_request on sent (request);
    create index sent_open on sent (batch) where outcome is null;
    alter table builds add column sample integer;
    """,
    """
    create table decisions (
        id integer primary key, pair text not null, reviewer text not null, queue text not null, verdict text not null,
        instruction text, response text, reasons text not null, rating integer, never_say text not null,
        note text not null, taken_at real not null);
    create index decisions_by_pair on decisions (pair, id);
    create table desk (
        server text not null, queue text not null, pair text not null, content text not null, pushed_at real not null,
        retired_at real, primary key (server, queue, pair)) without rowid;
    alter table pairs add column replaces text;
    """,
    """
    alter table decisions add column carried_from integer references decisions (id);
    create index pairs_by_id on pairs (id);
    """,
]


class Ledger:
    """The open ledger of one build folder. One process writes at a time; others may read."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.execute("pragma foreign_keys = on")
            self._migrate()
        except OSError as error:
            raise cannot_write(path, error) from error
        except sqlite3.Error as error:
            raise _ledger_error(path, error) from error
        self.path = path

    def _migrate(self) -> None:
        version = self._db.execute("pragma user_version").fetchone()[0]
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"begin; {script} pragma user_version = {number}; commit;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block is kept, or none of it."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except sqlite3.Error as error:
            self._rollback()
            raise _ledger_error(self.path, error) from error
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def _write(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise _ledger_error(self.path, error) from error

    # documents and passages

    def document_of_file(self, path: str, file_sha256: str) -> Document | None:
        """The document read from this very file before."""
        row = self._db.execute(
            "select * from documents where path = ? and file_sha256 = ? order by read_at desc", (path, file_sha256)
        ).fetchone()
        return Document(row["path"], row["title"], row["text"], row["rights"]) if row else None

    def add_document(self, document: Document, file_sha256: str) -> None:
        """Keep a document as it was read."""
        self._write(
            "insert or replace into documents values (?, ?, ?, ?, ?, ?, ?)",
            (document.id, document.path, file_sha256, document.title, document.text, document.rights, time.time()),
        )

    def add_passages(self, document: Document, passages: Iterable[Passage]) -> None:
        """Keep how a document was cut."""
        self._db.executemany(
            "insert or replace into passages values (?, ?, ?, ?, ?)",
            [(p.id, document.id, p.start, p.end, p.heading) for p in passages],
        )

    def newest_document(self, path: str) -> Document | None:
        """The last reading of the document at `path`."""
        row = self._db.execute("select * from documents where path = ? order by read_at desc", (path,)).fetchone()
        return Document(row["path"], row["title"], row["text"], row["rights"]) if row else None

    # requests and responses

    def add_request(self, key: str, kind: str, document: str, passage: str | None, body: dict[str, Any]) -> None:
        """Keep what is about to be asked."""
        self._write(
            "insert or ignore into requests values (?, ?, ?, ?, ?, ?)",
            (key, kind, document, passage, json.dumps(body, ensure_ascii=False), time.time()),
        )

    def request(self, key: str) -> sqlite3.Row | None:
        """The request with this key."""
        row: sqlite3.Row | None = self._db.execute("select * from requests where key = ?", (key,)).fetchone()
        return row

    def send(self, request: str, worst_usd: float, batch: int | None = None) -> int:
        """Note that a request is about to be sent, and what its answer may cost; gives the sending's number."""
        cursor = self._write(
            "insert into sent (request, batch, sent_at, worst_usd) values (?, ?, ?, ?)", (request, batch, time.time(), worst_usd)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def settle(self, sent: int, outcome: str) -> None:
        """Note what became of a sending: `answered`, `not billed`, or `lost` (it may have been billed)."""
        self._write("update sent set outcome = ? where id = ?", (outcome, sent))

    def sendings(self, request: str) -> list[sqlite3.Row]:
        """Every sending of a request, oldest first."""
        return self._db.execute("select * from sent where request = ? order by id", (request,)).fetchall()

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
        """Keep the response that a sending brought."""
        with self.transaction():
            self.add_response(request, response)
            self.settle(sent, "answered")

    # batches: what was handed over, under whose name it is known there

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

    def open_batches(self) -> list[sqlite3.Row]:
        """Batches whose results are not all here, oldest first."""
        return self._db.execute("select * from batches where ended_at is null order by id").fetchall()

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

    def responses(self, request: str) -> list[sqlite3.Row]:
        """Every response to a request, oldest first."""
        return self._db.execute("select * from responses where request = ? order by id", (request,)).fetchall()

    def cost_of_requests(self) -> dict[str, float]:
        """US dollars that each request's responses have cost."""
        return dict(self._db.execute("select request, sum(usd) from responses group by request having sum(usd) > 0").fetchall())

    def seconds_of_an_answer(self) -> float | None:
        """How long a live answer takes on average, from those that came at the first try."""
        query = """
            select avg(r.received_at - s.sent_at) from responses r join sent s on s.request = r.request
            where s.batch is null and s.outcome = 'answered' and r.provider = 'anthropic'
            and 1 = (select count(*) from sent where request = r.request)"""
        found: float | None = self._db.execute(query).fetchone()[0]
        return found

    def spent(self) -> tuple[int, int, int, float]:
        """Over all builds: responses, input tokens, output tokens, US dollars."""
        row = self._db.execute(
            "select count(*), coalesce(sum(input_tokens + cache_write_tokens + cache_read_tokens), 0),"
            " coalesce(sum(output_tokens), 0), coalesce(sum(usd), 0.0) from responses where provider != 'recorded'"
        ).fetchone()
        return row[0], row[1], row[2], row[3]

    # the voice samples that prompts carry

    def voice_samples(self) -> list[tuple[str, str]] | None:
        """The newest choice: (document path, text) each. Kept, because another choice would make every request another."""
        row = self._db.execute("select samples from voice_samples order by id desc").fetchone()
        return [(path, text) for path, text in json.loads(row[0])] if row else None

    def add_voice_samples(self, samples: list[tuple[str, str]]) -> None:
        """Keep a choice."""
        self._write(
            "insert into voice_samples (chosen_at, samples) values (?, ?)",
            (time.time(), json.dumps(samples, ensure_ascii=False)),
        )

    # builds, their pairs and findings

    def begin_build(self, fingerprint: str, sample: int | None = None) -> int:
        """A new build's number. `sample`: how many passages it is of, where it is not of all."""
        cursor = self._write(
            "insert into builds (started_at, fingerprint, sample) values (?, ?, ?)", (time.time(), fingerprint, sample)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def finish_build(self, build: int, version: str, result: dict[str, Any]) -> None:
        """Note that a build is whole."""
        self._write(
            "update builds set finished_at = ?, version = ?, result = ? where id = ?",
            (time.time(), version, json.dumps(result, ensure_ascii=False), build),
        )

    def newest_build(self, *, finished: bool = False) -> sqlite3.Row | None:
        """The last build of all passages, or the last one that was finished."""
        also = "and finished_at is not null" if finished else ""
        query = f"select * from builds where sample is null {also} order by id desc"  # noqa: S608
        row: sqlite3.Row | None = self._db.execute(query).fetchone()
        return row

    def build_of(self, version: str) -> sqlite3.Row | None:
        """The last build that was finished as this dataset version."""
        query = "select * from builds where version = ? and finished_at is not null order by id desc"
        row: sqlite3.Row | None = self._db.execute(query, (version,)).fetchone()
        return row

    def add_pairs(self, build: int, pairs: Iterable[Pair], state: str) -> None:
        """Keep a build's pairs; `state` is kept or dropped."""
        self._db.executemany(
            "insert or replace into pairs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    build, p.id, p.kind, p.document, _prompt(p), p.response,
                    json.dumps([p.evidence.document, p.evidence.start, p.evidence.end, p.evidence.quote], ensure_ascii=False)
                    if p.evidence else None,
                    p.request, json.dumps(p.words_asked) if p.words_asked else None, state, p.context, p.replaces,
                )
                for p in pairs
            ],
        )  # fmt: skip

    def add_findings(self, build: int, findings: Iterable[Finding]) -> None:
        """Keep what the checks said."""
        self._db.executemany(
            "insert into findings values (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    build,
                    f.pair,
                    f.check,
                    f.severity,
                    f.score,
                    f.message,
                    json.dumps([f.span.part, f.span.start, f.span.end]) if f.span else None,
                )
                for f in findings
            ],
        )

    def pairs_like(self, prefix: str) -> list[tuple[Pair, str, int]]:
        """Pairs whose id begins with `prefix`, each as its newest build has it: pair, state, build."""
        rows = self._db.execute(
            "select *, max(build) as newest from pairs where substr(id, 1, ?) = ? group by id", (len(prefix), prefix)
        ).fetchall()
        return [(_pair(row), row["state"], row["newest"]) for row in rows]

    def findings_of(self, build: int, pair: str) -> list[Finding]:
        """What the checks of a build said of a pair."""
        rows = self._db.execute("select * from findings where build = ? and pair = ?", (build, pair)).fetchall()
        return [_finding(row) for row in rows]

    def pairs_of(self, build: int, *states: str) -> list[Pair]:
        """A build's pairs in the given states, as the generator wrote them."""
        marks = ", ".join("?" * len(states))
        query = f"select * from pairs where build = ? and state in ({marks}) order by id"  # noqa: S608
        return [_pair(row) for row in self._db.execute(query, (build, *states))]

    def states_of(self, build: int) -> dict[str, tuple[Pair, str]]:
        """Every pair of a build, by id, as the generator wrote it, and its state."""
        rows = self._db.execute("select * from pairs where build = ? order by id", (build,))
        return {row["id"]: (_pair(row), row["state"]) for row in rows}

    def pair(self, identifier: str) -> Pair | None:
        """The pair as its newest build has it."""
        row = self._db.execute("select * from pairs where id = ? order by build desc limit 1", (identifier,)).fetchone()
        return _pair(row) if row else None

    def texts_of(self, identifier: str) -> list[Pair]:
        """The pair with each text that builds have had of it (private data may have been taken out since), oldest first."""
        query = "select *, min(build) as first from pairs where id = ? group by prompt, response order by first"
        return [_pair(row) for row in self._db.execute(query, (identifier,))]

    def newest_pairs(self) -> int | None:
        """The newest build of all passages that came as far as its pairs."""
        query = "select max(p.build) from pairs p join builds b on b.id = p.build where b.sample is null"
        number: int | None = self._db.execute(query).fetchone()[0]
        return number

    def findings_in(self, build: int) -> dict[str, list[Finding]]:
        """What the checks of a build said, by pair."""
        found: dict[str, list[Finding]] = {}
        for row in self._db.execute("select * from findings where build = ?", (build,)):
            found.setdefault(row["pair"], []).append(_finding(row))
        return found

    # decisions, and what lies on reviewers' desks

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
            for twin in decided.get((pair.kind, pair.document, _prompt(pair), pair.response, pair.context), ())
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

    def anything_on_desk(self) -> bool:
        """Whether pairs were ever laid out for reviewers."""
        return bool(self._db.execute("select exists (select 1 from desk)").fetchone()[0])

    def on_desk(self, server: str, queue: str) -> dict[str, str]:
        """Pairs that lie on a server's desk: pair, and the hash of what was pushed."""
        rows = self._db.execute(
            "select pair, content from desk where server = ? and queue = ? and retired_at is null", (server, queue)
        )
        return {row["pair"]: row["content"] for row in rows}

    def lay_on_desk(self, server: str, queue: str, pushed: Iterable[tuple[str, str]]) -> None:
        """Note what was pushed: (pair, hash of its content)."""
        with self.transaction():
            self._db.executemany(
                "insert or replace into desk values (?, ?, ?, ?, ?, null)",
                [(server, queue, pair, content, time.time()) for pair, content in pushed],
            )

    def take_off_desk(self, server: str, queue: str, pairs: Iterable[str]) -> None:
        """Note that pairs are no longer asked about."""
        with self.transaction():
            self._db.executemany(
                "update desk set retired_at = ? where server = ? and queue = ? and pair = ?",
                [(time.time(), server, queue, pair) for pair in pairs],
            )

    def passage_text(self, passage: str) -> tuple[str, int, int, str] | None:
        """Document path, offsets and text of a passage."""
        row = self._db.execute(
            "select d.path, p.start, p.end, substr(d.text, p.start + 1, p.end - p.start) as text from passages p"
            " join documents d on d.id = p.document where p.id = ? order by d.read_at desc",
            (passage,),
        ).fetchone()
        return (row["path"], row["start"], row["end"], row["text"]) if row else None


def _finding(row: sqlite3.Row) -> Finding:
    span = Span(*json.loads(row["span"])) if row["span"] else None
    return Finding(row["pair"], row["check_name"], row["severity"], row["score"], row["message"], span)


def _pair(row: sqlite3.Row) -> Pair:
    evidence = json.loads(row["evidence"]) if row["evidence"] else None
    words = json.loads(row["words_asked"]) if row["words_asked"] else None
    return Pair(
        id=row["id"],
        kind=row["kind"],
        prompt=tuple(Turn(role, content) for role, content in json.loads(row["prompt"])),
        response=row["response"],
        document=row["document"],
        evidence=Evidence(*evidence) if evidence else None,
        request=row["request"],
        words_asked=tuple(words) if words else None,
        context=row["context"],
        replaces=row["replaces"],
    )


def stages_as_json(stages: Iterable[Stage]) -> list[dict[str, Any]]:
    """Stages for the ledger and `--json`."""
    return [stage.as_dict() for stage in stages]


def _prompt(pair: Pair) -> str:
    return json.dumps([[turn.role, turn.content] for turn in pair.prompt], ensure_ascii=False)


def _ledger_error(path: Path, error: sqlite3.Error) -> MachineError:
    told = str(error)
    if "disk is full" in told or "disk I/O" in told:
        mend = "The disk is full or failing: free some room and run the command again; what was done is kept."
    elif "readonly" in told or "unable to open" in told:
        mend = "Give yourself the right to write there, or call the command from another folder."
    elif "malformed" in told or "not a database" in told:
        mend = "The file is damaged. Move it aside; `sqlite3 ledger.db .recover` can save its responses."
    else:
        mend = None
    return MachineError(f"the ledger cannot be used: {told}", where=str(path), mend=mend)
