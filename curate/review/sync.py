"""The round trip: what people decided comes into the ledger, what needs a person goes onto the desk. In this order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from curate.ledger import Ledger
from curate.model import Decision, Pair
from curate.review.decisions import agreement, outcome_of
from curate.review.desk import Desk, Laid, connect
from curate.review.history import earlier_versions, history_of, said
from curate.review.page import DIMENSIONS, VECTOR, content_of, decision_of, record_of, settings_of
from curate.review.queue import confidence, needing_review, review_of
from curate.validate.terms import term_shares
from recipes.folders import BuildFolder
from recipes.schema import Recipe, Review

MOST_TERMS = 60
"""Terms that pairs can be filtered by: those that most responses share."""

Queue = Literal["review", "tie-break"]

STANDING = ("kept", "awaiting", "disputed", "rejected")
"""States of pairs that checks let pass."""


@dataclass
class Synced:
    """What a round trip came to."""

    url: str
    datasets: list[dict[str, str]] = field(default_factory=list)
    decisions: int = 0
    """New ones."""
    pushed: int = 0
    taken_away: int = 0
    awaiting: int = 0
    disputed: int = 0
    decided: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def sync(recipe: Recipe, ledger: Ledger, progress: Callable[[int, int], None] = lambda done, total: None) -> Synced:
    """Fetch decisions, then lay out what needs a person; both only as far as something has changed.

    Args:
        recipe: whose pairs.
        ledger: has the newest build's pairs and findings, and keeps what is fetched.
        progress: called with (records pushed, records to push).

    Raises:
        CallError: the key is wrong, or somebody changed the dataset's settings.
        MachineError: the server does not run, cannot be reached or failed. Nothing is lost on either side.
    """
    with _alone(recipe):
        return _sync(recipe, ledger, progress)


def _sync(recipe: Recipe, ledger: Ledger, progress: Callable[[int, int], None]) -> Synced:
    review = review_of(recipe)
    client = connect(review)
    desk = Desk(client, review.workspace, recipe.name, settings_of(recipe), review.min_submitted)
    server = _name_of(review, desk)
    synced = Synced(desk.url, [{"name": desk.name, "url": desk.page}])
    there = _take_up(desk, "review", ledger, synced)

    decisions = ledger.decisions()
    pairs, wanted, earlier = _wanted(ledger, review, decisions)
    outcomes = {pair: outcome_of(decisions.get(pair, ()), review.min_submitted) for pair in wanted}
    awaiting = [pairs[pair] for pair in wanted if outcomes[pair].state == "awaiting"]
    disputed = [pairs[pair] for pair in wanted if outcomes[pair].state == "disputed"]

    records = _records(recipe, ledger, awaiting, pairs, decisions, earlier)
    _lay_out(desk, server, "review", records, there, ledger, synced, progress)
    _take_away(desk, server, "review", there, awaiting + disputed, pairs, ledger, synced)

    if disputed or ledger.on_desk(server, "tie-break"):
        tie = Desk(client, review.workspace, f"{recipe.name}-tie-break", settings_of(recipe, tie_break=True), 1)
        synced.datasets.append({"name": tie.name, "url": tie.page})
        there = _take_up(tie, "tie-break", ledger, synced)
        decisions = ledger.decisions()
        disputed = [p for p in disputed if outcome_of(decisions.get(p.id, ()), review.min_submitted).state == "disputed"]
        records = _records(recipe, ledger, disputed, pairs, decisions, earlier, tie_break=True)
        _lay_out(tie, server, "tie-break", records, there, ledger, synced, progress)
        _take_away(tie, server, "tie-break", there, disputed, pairs, ledger, synced)

    synced.awaiting, synced.disputed = len(awaiting), len(disputed)
    _count(synced, pairs, decisions, review)
    return synced


@contextmanager
def _alone(recipe: Recipe) -> Iterator[None]:
    """Two that make one desk at the same time would be in each other's way: the second waits."""
    from filelock import FileLock

    with FileLock(BuildFolder.of(recipe.name).root / ".review.lock"):
        yield


def _wanted(
    ledger: Ledger, review: Review, decisions: Mapping[str, Sequence[Decision]]
) -> tuple[dict[str, Pair], set[str], dict[str, list[Pair]]]:
    """The newest build's standing pairs by id, which of them need a person, and the earlier versions of those that changed."""
    number = ledger.newest_pairs()
    if number is None:
        return {}, set(), {}
    states = ledger.states_of(number)
    earlier = earlier_versions([pair for pair, _ in states.values()], decisions, ledger)
    pairs = {identifier: pair for identifier, (pair, state) in states.items() if state in STANDING}
    return pairs, needing_review(list(pairs.values()), ledger.findings_in(number), review, earlier), earlier


def _name_of(review: Review, desk: Desk) -> str:
    return "local" if review.argilla == "local" else desk.url


def _count(synced: Synced, pairs: Collection[str], decisions: Mapping[str, Sequence[Decision]], review: Review) -> None:
    outcomes = [outcome_of(decisions.get(pair, ()), review.min_submitted) for pair in pairs]
    decided = [outcome for outcome in outcomes if outcome.state not in ("awaiting", "disputed")]
    synced.decided = len(decided)
    synced.verdicts = dict(Counter(outcome.state for outcome in decided))
    synced.reasons = dict(Counter(reason for outcome in decided if outcome.state != "approve" for reason in outcome.reasons))
    synced.agreement = agreement(decisions)


def standing(recipe: Recipe, ledger: Ledger) -> Synced:
    """How far the review is, by what was fetched so far; asks no server."""
    review = review_of(recipe)
    synced = Synced("")
    decisions = ledger.decisions()
    pairs, wanted, _ = _wanted(ledger, review, decisions)
    states = [outcome_of(decisions.get(pair, ()), review.min_submitted).state for pair in wanted]
    synced.awaiting, synced.disputed = states.count("awaiting"), states.count("disputed")
    _count(synced, pairs, decisions, review)
    return synced


def pull(recipe: Recipe, ledger: Ledger) -> int:
    """Fetch decisions only; gives how many are new. Raises as `sync` does."""
    with _alone(recipe):
        return _pull(recipe, ledger)


def _pull(recipe: Recipe, ledger: Ledger) -> int:
    review = review_of(recipe)
    client = connect(review)
    synced = Synced("")
    desk = Desk(client, review.workspace, recipe.name, settings_of(recipe), review.min_submitted)
    _take_up(desk, "review", ledger, synced)
    if ledger.on_desk(_name_of(review, desk), "tie-break"):
        tie = Desk(client, review.workspace, f"{recipe.name}-tie-break", settings_of(recipe, tie_break=True), 1)
        _take_up(tie, "tie-break", ledger, synced)
    return synced.decisions


def _take_up(desk: Desk, queue: Queue, ledger: Ledger, synced: Synced) -> dict[str, Laid]:
    """Bring what people answered into the ledger; gives all that lies there, by pair."""
    there = {laid.pair: laid for laid in desk.records()}
    known = ledger.decisions()
    for laid in there.values():
        shown = ledger.texts_of(laid.pair) if laid.answers else []
        for answer in laid.answers if shown else ():
            decision = decision_of(shown, answer.reviewer, queue, answer.status, answer.values)
            said_before = any(d.reviewer == answer.reviewer and d.queue == queue for d in known.get(laid.pair, ()))
            if answer.status == "draft" and said_before:  # it was submitted, and no longer is
                decision = Decision(laid.pair, answer.reviewer, queue, "withdrawn")
            if decision and ledger.add_decision(decision):
                synced.decisions += 1
    return there


def _lay_out(
    desk: Desk,
    server: str,
    queue: Queue,
    records: Sequence[dict[str, Any]],
    there: Mapping[str, Laid],
    ledger: Ledger,
    synced: Synced,
    progress: Callable[[int, int], None],
) -> None:
    """Push the records that are not there as they are now. Noted before as well: what lies there unnoted is not ours."""
    known = ledger.on_desk(server, queue)
    contents = {record["external_id"]: content_of(record) for record in records}
    new = [r for r in records if r["external_id"] not in there or known.get(r["external_id"]) != contents[r["external_id"]]]
    ledger.lay_on_desk(server, queue, [(record["external_id"], "") for record in new])
    pushed = 0

    def done(count: int) -> None:
        nonlocal pushed
        ids = [record["external_id"] for record in new[pushed:count]]
        ledger.lay_on_desk(server, queue, [(identifier, contents[identifier]) for identifier in ids])
        pushed = count
        progress(count, len(new))

    desk.push(new, _vectors([record["suggestions"][1]["value"] for record in new]), VECTOR, done)
    synced.pushed += len(new)


def _take_away(
    desk: Desk,
    server: str,
    queue: Queue,
    there: Mapping[str, Laid],
    wanted: Sequence[Pair],
    pairs: Mapping[str, Pair],
    ledger: Ledger,
    synced: Synced,
) -> None:
    """Take records off the desk that wait for an answer which nobody needs: their pairs went, or were settled elsewhere.

    Of a pair that still stands, what somebody has answered stays. Of one that went, it is in the ledger by now.
    """
    needed = {pair.id for pair in wanted}
    ours = ledger.on_desk(server, queue)
    idle = {
        pair: laid
        for pair, laid in there.items()
        if laid.is_pending and pair in ours and pair not in needed and not (laid.answers if pair in pairs else laid.is_begun)
    }
    if not idle:
        return
    going = [laid for laid in desk.records() if idle.get(laid.pair) == laid]  # unless answered while we were at it
    desk.take_away([laid.record for laid in going])
    ledger.take_off_desk(server, queue, [laid.pair for laid in going])
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
    """What the page shows of the wanted pairs, the most doubtful first.

    What others say of a pair is shown to whoever breaks the tie; reviewers who have yet to judge it do so by themselves.
    """
    number = ledger.newest_pairs()
    found = ledger.findings_in(number) if number else {}
    shares = term_shares(pair.response for pair in pairs.values())
    terms = {term for term, _ in sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]}
    records = []
    for pair in sorted(wanted, key=lambda pair: (confidence(found.get(pair.id, ())), pair.id)):
        mine = terms & set(term_shares([pair.response]))
        history = [said("", decision) for decision in decisions.get(pair.id, ())] if tie_break else []
        history += history_of(pair, earlier.get(pair.id, ()), decisions)
        records.append(record_of(pair, _passage(ledger, pair), found.get(pair.id, ()), history, sorted(mine)))
    return records


def _passage(ledger: Ledger, pair: Pair) -> tuple[str, int, int, str] | None:
    request = ledger.request(pair.request) if pair.request else None
    if request and request["passage"] and (passage := ledger.passage_text(request["passage"])):
        return passage
    document = ledger.newest_document(pair.document) if pair.evidence else None
    if document is None or pair.evidence is None:
        return None
    start, end = max(0, pair.evidence.start - 600), min(len(document.text), pair.evidence.end + 600)
    return document.path, start, end, document.text[start:end]


def _vectors(texts: Sequence[str]) -> list[list[float]]:
    """Texts as vectors of `DIMENSIONS` numbers: their words and pairs of words, hashed (Weinberger et al. 2009).

    Hashing needs no corpus, so that vectors of different builds can be compared.
    """
    if not texts:
        return []
    from sklearn.feature_extraction.text import HashingVectorizer

    words = r"(?u)\b\w{4,}\b"
    hashing = HashingVectorizer(n_features=DIMENSIONS, ngram_range=(1, 2), token_pattern=words)
    dense = hashing.transform(texts).toarray().round(4)  # which is near enough, and a third of the bytes
    vectors: list[list[float]] = dense.tolist()
    return vectors
