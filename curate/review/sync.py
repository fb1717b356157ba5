"""Synchronise with Argilla: first fetch people's decisions into the ledger, then push pairs that need a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from curate.decisions.history import earlier_versions, history_of, said
from curate.decisions.outcomes import Outcome, agreement, outcomes_of
from curate.decisions.queue import confidence, needing_review, review_of
from curate.ledger.ledger import Ledger
from curate.ledger.rows import PassageRow
from curate.model import Decision, Findings, Pair
from curate.review import contrasts, interview
from curate.review.argilla import NotRunning, RemoteRecord, ReviewDataset, connect_for
from curate.review.page import VECTOR, content_of, decision_of, record_of, settings_of
from curate.review.vectors import vectors_of
from likeness.lock import one_after_another
from likeness.metrics.terms import term_shares
from likeness.recipe.folders import BuildFolder
from likeness.recipe.schema import Recipe, Review

MOST_TERMS = 60
"""Most terms by which reviewers can filter pairs: those in the most responses."""

Queue = Literal["review", "tie-break"]

STANDING = ("kept", "awaiting", "disputed", "rejected")
"""States of pairs that no check dropped."""


@dataclass
class Synced:
    """The result of a synchronisation."""

    url: str
    datasets: list[dict[str, str]] = field(default_factory=list)
    decisions: int = 0
    """Number of new decisions."""
    pushed: int = 0
    taken_away: int = 0
    awaiting: int = 0
    disputed: int = 0
    decided: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)
    contrasts: int = 0
    """Number of undecided contrast sets."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def sync(recipe: Recipe, ledger: Ledger, progress: Callable[[int, int], None] = lambda done, total: None) -> Synced:
    """Fetch decisions, then push pairs that need a person. Only changes are transferred.

    Args:
        recipe: the recipe.
        ledger: has the newest build's pairs and findings, and stores the decisions.
        progress: called with (records pushed, records to push).

    Raises:
        CallError: the key is wrong, or somebody changed the dataset's settings.
        MachineError: the server does not run, cannot be reached or failed. No data is lost.
    """
    with _alone(recipe):
        return _sync(recipe, ledger, progress)


def _sync(recipe: Recipe, ledger: Ledger, progress: Callable[[int, int], None]) -> Synced:
    review = review_of(recipe)
    client, name = connect_for(recipe)
    dataset = _dataset(client, recipe, name)
    server = _name_of(review, dataset)
    synced = Synced(dataset.url, [{"name": dataset.name, "url": dataset.page}])
    there = _pull_responses(dataset, "review", ledger, synced)

    decisions = ledger.decisions()
    pairs, wanted, earlier = _wanted(ledger, review, decisions)
    outcomes = outcomes_of(pairs, decisions, review)
    awaiting = [pairs[pair] for pair in wanted if outcomes[pair].state == "awaiting"]
    disputed = [pairs[pair] for pair in wanted if outcomes[pair].state == "disputed"]

    records = _records(recipe, ledger, awaiting, pairs, decisions, earlier)
    _push_records(dataset, server, "review", records, there, ledger, synced, progress)
    _remove_records(dataset, server, "review", there, awaiting + disputed, pairs, ledger, synced)

    if disputed or ledger.pushed_records(server, "tie-break"):
        tie = _dataset(client, recipe, name, tie_break=True)
        synced.datasets.append({"name": tie.name, "url": tie.page})
        there = _pull_responses(tie, "tie-break", ledger, synced)
        decisions = ledger.decisions()
        outcomes = outcomes_of(pairs, decisions, review)
        disputed = [pair for pair in disputed if outcomes[pair.id].state == "disputed"]
        records = _records(recipe, ledger, disputed, pairs, decisions, earlier, tie_break=True)
        _push_records(tie, server, "tie-break", records, there, ledger, synced, progress)
        _remove_records(tie, server, "tie-break", there, disputed, pairs, ledger, synced)

    if ledger.contrast_sets() or ledger.pushed_records(server, contrasts.QUEUE):
        own = contrasts.open_dataset(client, recipe, name)
        synced.datasets.append({"name": own.name, "url": own.page})
        sets_there, new = contrasts.pull(own, ledger)
        pushed, gone = contrasts.push(own, server, ledger, sets_there, progress)
        synced.decisions += new
        synced.pushed += pushed
        synced.taken_away += gone

    if ledger.pushed_records(server, interview.QUEUE):
        own = interview.open_dataset(client, recipe, name)
        synced.datasets.append({"name": own.name, "url": own.page})
        synced.decisions += interview.pull(own, ledger)

    synced.awaiting, synced.disputed = len(awaiting), len(disputed)
    synced.contrasts = len(contrasts.waiting(ledger))
    _count(synced, outcomes.values(), decisions)
    return synced


def _dataset(client: Any, recipe: Recipe, base: str, *, tie_break: bool = False) -> ReviewDataset:
    review = review_of(recipe)
    name, needed = (f"{base}-tie-break", 1) if tie_break else (base, review.min_submitted)
    settings = settings_of(recipe, tie_break=tie_break)
    return ReviewDataset(client, review.workspace, name, settings, needed, is_local=review.argilla == "local")


def _alone(recipe: Recipe) -> AbstractContextManager[None]:
    """Hold a lock, so that two processes do not create or change the same dataset at once."""
    return one_after_another(BuildFolder.of(recipe).root / ".review.lock")


def _wanted(
    ledger: Ledger, review: Review, decisions: Mapping[str, Sequence[Decision]]
) -> tuple[dict[str, Pair], set[str], dict[str, list[Pair]]]:
    """The newest build's standing pairs by id, the ids of those that need a person, and earlier versions of changed pairs."""
    number = ledger.newest_pairs()
    if number is None:
        return {}, set(), {}
    written = list(ledger.written_in(number))
    earlier = earlier_versions([each.pair for each in written], decisions, ledger)
    pairs = {each.pair.id: each.pair for each in written if each.state in STANDING}
    return pairs, needing_review(list(pairs.values()), Findings(ledger.findings_in(number)), review, earlier), earlier


def _name_of(review: Review, dataset: ReviewDataset) -> str:
    return "local" if review.argilla == "local" else dataset.url


def _count(synced: Synced, outcomes: Iterable[Outcome], decisions: Mapping[str, Sequence[Decision]]) -> None:
    decided = [outcome for outcome in outcomes if outcome.state not in ("awaiting", "disputed")]
    synced.decided = len(decided)
    synced.verdicts = dict(Counter(outcome.state for outcome in decided))
    synced.reasons = dict(Counter(reason for outcome in decided if outcome.state != "approve" for reason in outcome.reasons))
    synced.agreement = agreement(decisions)


def standing(recipe: Recipe, ledger: Ledger) -> Synced:
    """The progress of the review by the decisions in the ledger, without asking the server."""
    review = review_of(recipe)
    synced = Synced("")
    decisions = ledger.decisions()
    pairs, wanted, _ = _wanted(ledger, review, decisions)
    outcomes = outcomes_of(pairs, decisions, review)
    states = [outcomes[pair].state for pair in wanted]
    synced.awaiting, synced.disputed = states.count("awaiting"), states.count("disputed")
    synced.contrasts = len(contrasts.waiting(ledger))
    _count(synced, outcomes.values(), decisions)
    return synced


def pull(recipe: Recipe, ledger: Ledger) -> int:
    """Fetch decisions only, and return the number of new ones: 0 if nothing was ever pushed or the local server does not run.

    Raises the errors of `sync`.
    """
    if not ledger.anything_pushed():
        return 0
    review = review_of(recipe)
    synced = Synced("")
    with _alone(recipe):
        try:
            client, name = connect_for(recipe)
        except NotRunning:
            return 0
        dataset = _dataset(client, recipe, name)
        _pull_responses(dataset, "review", ledger, synced)
        if ledger.pushed_records(_name_of(review, dataset), "tie-break"):
            tie = _dataset(client, recipe, name, tie_break=True)
            _pull_responses(tie, "tie-break", ledger, synced)
        if ledger.pushed_records(_name_of(review, dataset), contrasts.QUEUE):
            synced.decisions += contrasts.pull(contrasts.open_dataset(client, recipe, name), ledger)[1]
        if ledger.pushed_records(_name_of(review, dataset), interview.QUEUE):
            synced.decisions += interview.pull(interview.open_dataset(client, recipe, name), ledger)
    return synced.decisions


def _pull_responses(dataset: ReviewDataset, queue: Queue, ledger: Ledger, synced: Synced) -> dict[str, RemoteRecord]:
    """Fetch responses into the ledger; return all records of the dataset, by pair."""
    there = {remote.pair: remote for remote in dataset.records()}
    known = ledger.decisions()
    for remote in there.values():
        shown = ledger.texts_of(remote.pair) if remote.answers else []
        for answer in remote.answers if shown else ():
            decision = decision_of(shown, answer.reviewer, queue, answer.status, answer.values)
            said_before = any(d.reviewer == answer.reviewer and d.queue == queue for d in known.get(remote.pair, ()))
            if answer.status == "draft" and said_before:  # a submitted answer was taken back
                decision = Decision(remote.pair, answer.reviewer, queue, "withdrawn")
            if decision and ledger.add_decision(decision):
                synced.decisions += 1
    return there


def _push_records(
    dataset: ReviewDataset,
    server: str,
    queue: Queue,
    records: Sequence[dict[str, Any]],
    there: Mapping[str, RemoteRecord],
    ledger: Ledger,
    synced: Synced,
    progress: Callable[[int, int], None],
) -> None:
    """Push new and changed records. They are noted in the ledger before, too, because a record without a note is not ours."""
    known = ledger.pushed_records(server, queue)
    contents = {record["external_id"]: content_of(record) for record in records}
    new = [r for r in records if r["external_id"] not in there or known.get(r["external_id"]) != contents[r["external_id"]]]
    ledger.note_pushed(server, queue, [(record["external_id"], "") for record in new])
    pushed = 0

    def done(count: int) -> None:
        nonlocal pushed
        ids = [record["external_id"] for record in new[pushed:count]]
        ledger.note_pushed(server, queue, [(identifier, contents[identifier]) for identifier in ids])
        pushed = count
        progress(count, len(new))

    dataset.push(new, vectors_of([record["suggestions"][1]["value"] for record in new]), VECTOR, done)
    synced.pushed += len(new)


def _remove_records(
    dataset: ReviewDataset,
    server: str,
    queue: Queue,
    there: Mapping[str, RemoteRecord],
    wanted: Sequence[Pair],
    pairs: Mapping[str, Pair],
    ledger: Ledger,
    synced: Synced,
) -> None:
    """Remove pending records whose answer is not needed any more: their pair is gone, or was decided elsewhere.

    If the pair still exists, its record is kept once somebody has answered it. If the pair is gone, the answers are in the ledger
    already, and the record is kept only while it has a draft.
    """
    needed = {pair.id for pair in wanted}
    ours = ledger.pushed_records(server, queue)
    idle = {
        pair: remote
        for pair, remote in there.items()
        if remote.is_pending
        and pair in ours
        and pair not in needed
        and not (remote.answers if pair in pairs else remote.is_begun)
    }
    if not idle:
        return
    going = [remote for remote in dataset.records() if idle.get(remote.pair) == remote]  # not if answered meanwhile
    dataset.remove_records([remote.record for remote in going])
    ledger.note_retired(server, queue, [remote.pair for remote in going])
    synced.taken_away += len(going)


def _records(
    recipe: Recipe,
    ledger: Ledger,
    wanted: Sequence[Pair],
    pairs: Mapping[str, Pair],
    decisions: Mapping[str, Sequence[Decision]],
    earlier: Mapping[str, Sequence[Pair]],
    *,
    tie_break: bool = False,
) -> list[dict[str, Any]]:
    """The records of the wanted pairs, the most doubtful first.

    Decisions of others are shown only to the person who breaks a tie, so that reviewers judge independently.
    """
    number = ledger.newest_pairs()
    found = Findings(ledger.findings_in(number) if number else ())
    shares = term_shares(pair.response for pair in pairs.values())
    terms = {term for term, _ in sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]}
    records = []
    for pair in sorted(wanted, key=lambda pair: (confidence(found.get(pair.id, ())), pair.id)):
        mine = terms & set(term_shares([pair.response]))
        history = [said("", decision) for decision in decisions.get(pair.id, ())] if tie_break else []
        history += history_of(pair, earlier.get(pair.id, ()), decisions)
        records.append(record_of(pair, passage_around(ledger, pair), found.get(pair.id, ()), history, sorted(mine)))
    return records


def passage_around(ledger: Ledger, pair: Pair) -> PassageRow | None:
    """The passage of a pair's request; if it is missing, the text around its quote."""
    request = ledger.request(pair.request) if pair.request else None
    if request and request.passage and (passage := ledger.passage(request.passage)) and _holds(passage, pair):
        return passage
    document = ledger.newest_document(pair.document) if pair.evidence else None
    if document is None or pair.evidence is None:
        return None
    text = document.text
    start, end = max(0, pair.evidence.start - 600), min(len(text), pair.evidence.end + 600)
    start = text.find(" ", start, pair.evidence.start) + 1 if start else 0  # at a word's beginning
    end = max(text.rfind(" ", pair.evidence.end, end), pair.evidence.end) if end < len(text) else end
    return PassageRow(document.path, start, end, text[start:end])


def _holds(passage: PassageRow, pair: Pair) -> bool:
    """Whether a passage still has the pair's quote at its offsets. The document may have changed since the request.

    A quote from which private data was removed is not compared.
    """
    quote, start = pair.evidence, passage.start
    if quote is None:
        return True
    if passage.document != quote.document or not start <= quote.start < quote.end <= passage.end:
        return False
    found = passage.text[quote.start - start : quote.end - start]
    return found == quote.quote or len(found) != len(quote.quote)
