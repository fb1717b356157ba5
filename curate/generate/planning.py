"""Planning: what a recipe asks about each document, remembered in the ledger."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import overload

from curate import __version__
from curate.engine.engine import Engine, Here, parts_of
from curate.generate.planned import Plan
from curate.generate.providers import make_provider
from curate.generate.requests import Asking, requests_about
from curate.ledger.ledger import Ledger
from curate.ledger.plans import DocumentPlan, PlannedRow
from curate.ledger.stored import StoredByPath
from curate.llm.ask import earlier_keys, key_of
from curate.llm.provider import Provider
from curate.llm.request import Extent
from curate.model import Document, content_hash
from curate.read.passages import cut
from likeness.kinds import FOLDER
from likeness.metrics.text import count_words

AT_ONCE, WORTH_WORKERS = 64, 8
"""Documents whose prompts are written as one part of the step, and parts below which starting processes takes longer."""
CODE = (
    "curate.generate.own_words", "curate.generate.planning", "curate.generate.requests", "curate.generate.answers",
    "curate.generate.templates", "curate.llm.ask", "curate.llm.prompts", "curate.llm.request", "curate.model.documents",
    "curate.read.passages", "curate.read.dialects", "likeness.kinds", "likeness.metrics.text",
)  # fmt: skip
"""What decides what is asked about a document: where any of it is another, plans are made again."""


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
