"""The plan of a recipe: every request that it makes, kept as a few facts each and written out when it is asked for."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import overload

from curate import __version__
from curate.engine.engine import Engine, Here, parts_of
from curate.generate.answers import Answer
from curate.generate.providers import make_provider
from curate.generate.requests import Asking, is_about, request_about, requests_about
from curate.ledger.ledger import Ledger
from curate.ledger.plans import DocumentPlan, PlannedRow, View
from curate.ledger.rows import ResponseRow
from curate.ledger.stored import StoredByPath
from curate.llm.answers import answer_in
from curate.llm.ask import earlier_keys, key_of
from curate.llm.provider import Provider
from curate.llm.request import Asked, Extent, Request, Size
from curate.model import Document, Evidence, Passage, content_hash
from curate.read.passages import cut
from likeness.kinds import FOLDER, KINDS
from likeness.metrics.text import count_words

AT_ONCE, WORTH_WORKERS = 64, 8
"""Documents whose prompts are written as one part of the step, and parts below which starting processes takes longer."""
CODE = (
    "curate.generate.own_words", "curate.generate.planned", "curate.generate.requests", "curate.generate.answers",
    "curate.generate.templates", "curate.llm.ask", "curate.llm.prompts", "curate.llm.request", "curate.model.documents",
    "curate.read.passages", "curate.read.dialects", "likeness.kinds", "likeness.metrics.text",
)  # fmt: skip
"""What decides what is asked about a document: where any of it is another, plans are made again."""


class Plan(Asked):
    """The requests of a recipe by key, in the order in which they are asked; see `make_plan`.

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


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning found."""

    plan: Plan
    words: int
    """Of all documents."""
    passages: int


def make_plan(asking: Asking, documents: StoredByPath, ledger: Ledger, engine: Engine) -> Planned:
    """Plan every request of a recipe, document by document; what is twice in the documents is asked about once.

    What is asked about a document is remembered in the ledger: only what changed is cut and written out again.

    Args:
        asking: what all requests share.
        documents: of the recipe.
        ledger: of the recipe.
        engine: where prompts are written.

    Raises:
        CallError: a template of the recipe's own is broken, or the provider lacks something.
    """
    generate = asking.recipe.generate
    provider = None if generate is None or generate.provider == "anthropic" else make_provider(generate)
    model = generate.model if generate and provider is None else ""
    identity = _identity(asking) if provider is None else uuid.uuid4().hex
    fresh: list[str] = []
    for paths in _runs(documents):
        ids = documents.ids(paths)
        known = ledger.documents_planned(identity, ids)
        fresh += [path for path, each in zip(paths, ids, strict=True) if each not in known]
    before = ledger.has_requests() and bool(asking.samples.earlier)
    parts = parts_of(_Fresh(documents, fresh), AT_ONCE)
    if provider is None:
        found = engine.map(_plan_part, _Given(asking, model, before), parts, worth=WORTH_WORKERS)
    else:  # its keys are in what it would answer
        found = Here().map(_plan_part, _Given(asking, "", before, provider), parts)
    for number, part in enumerate(found):
        ids = documents.ids(fresh[number * AT_ONCE : (number + 1) * AT_ONCE])
        ledger.add_plans(identity, zip(ids, (_as_asked_before(each, ledger) for each in part), strict=True))
    ledger.begin_plan()
    words = passages = 0
    for paths in _runs(documents):
        ids = documents.ids(paths)
        known = ledger.documents_planned(identity, ids)
        words += sum(known[each].words for each in ids)
        passages += sum(known[each].passages for each in ids)
        ledger.plan((path, row) for path, each in zip(paths, ids, strict=True) for row in known[each].requests)
    return Planned(Plan(asking, documents, ledger), words, passages)


def nothing_planned(asking: Asking, ledger: Ledger) -> Plan:
    """The plan of a recipe that asks nothing."""
    ledger.begin_plan()
    return Plan(asking, {}, ledger)


def _runs(documents: StoredByPath) -> Iterator[list[str]]:
    """The paths of all documents, some at a time."""
    paths = iter(documents)
    while some := list(islice(paths, 500)):
        yield some


class _Fresh(Sequence[Document]):
    """The documents of which nothing is planned yet."""

    def __init__(self, documents: StoredByPath, paths: Sequence[str]) -> None:
        self._documents = documents
        self._paths = paths

    @overload
    def __getitem__(self, at: int) -> Document: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Document]: ...
    def __getitem__(self, at: int | slice) -> Document | Sequence[Document]:
        return self._documents.several(self._paths[at]) if isinstance(at, slice) else self._documents[self._paths[at]]

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True, slots=True)
class _Given:
    """What planning a part needs."""

    asking: Asking
    model: str
    before: bool
    """Whether an older ledger may know requests by other keys."""
    provider: Provider | None = None
    """Says what else is in the keys, where that is not the model's name."""


@dataclass(frozen=True, slots=True)
class _Found:
    plan: DocumentPlan
    before: list[list[str]]
    """The keys by which an older ledger knows each request."""


def _plan_part(given: _Given, part: Sequence[Document]) -> list[_Found]:
    """What is asked about some documents."""
    most, found = given.asking.recipe.passages.max_tokens, []
    for document in part:
        passages = cut(document, most)
        rows, before = [], []
        for request, heading in requests_about(given.asking, document, passages):
            identity = given.provider.identity(request) if given.provider else given.model
            end = request.start + len(request.material)
            rows.append(
                PlannedRow(
                    key_of(request, identity), request.kind, request.passage, heading, request.start, end, request.count,
                    *Extent.of(request.user),
                )
            )  # fmt: skip
            before.append(earlier_keys(request, identity) if given.before else [])
        found.append(_Found(DocumentPlan(count_words(document.text), len(passages), rows), before))
    return found


def _as_asked_before(found: _Found, ledger: Ledger) -> DocumentPlan:
    """The plan of a document, with the keys by which an older ledger keeps the answers."""
    rows = []
    for row, before in zip(found.plan.requests, found.before, strict=True):
        old = None if not before or ledger.has_request(row.key) else next(filter(ledger.has_request, before), None)
        rows.append(replace(row, key=old) if old else row)
    return replace(found.plan, requests=rows)


def _identity(asking: Asking) -> str:
    """All that decides what is asked about a document, beside it."""
    recipe, generate = asking.recipe, asking.recipe.generate
    if generate is None:
        return content_hash(__version__, _code(), recipe.passages.max_tokens, length=32)
    if any(kind.prompt for kind in generate.kinds):  # it may include any file beside it
        return uuid.uuid4().hex
    kinds = [kind.model_dump(mode="json") for kind in generate.kinds]
    persona = recipe.persona.model_dump(mode="json")
    systems = asking.system, asking.keyed_system, asking.earlier_systems
    most = recipe.passages.max_tokens
    return content_hash(__version__, _code(), most, generate.model, persona, kinds, systems, length=32)


@cache
def _code() -> list[str]:
    """A hash of every file that decides what is asked: of the code, and of the prompts."""
    files = [Path(str(import_module(name).__file__)) for name in CODE]
    for folder in (Path(__file__).parent / "prompts", Path(__file__).parents[1] / "llm" / "templates", FOLDER):
        files += sorted(folder.glob("*.j2"))
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
