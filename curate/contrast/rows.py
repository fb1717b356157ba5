"""Make rows from contrast sets: pairs and preferences to train on, and questions that are held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from curate.contrast.sets import WORDS, alike_in_length
from curate.model import (
    Contrast,
    ContrastDecision,
    ContrastItem,
    ContrastSet,
    Pair,
    ProbeQuestion,
    Turn,
    content_hash,
    named_items,
)  # fmt: skip
from likeness.kinds import KINDS
from likeness.metrics.distinctive import tongue_of_text

KIND_OF = {
    "statement": "clarification",
    "neighbour": "clarification",
    "premise": "correction",
    "known": "clarification",
    "marked": "correction",
    "invented": "not_known",
}
PLAIN_QUESTION = {
    "en": "What do you mean by “{term}”?",
    "de": "Was meinst du mit „{term}“?",
    "fr": "Qu'entendez-vous par « {term} » ?",
    "es": "¿Qué quieres decir con «{term}»?",
}
"""The question to a person's explanation, if there is no better one."""
MOST_NOT_KNOWN = 0.5
"""Largest share of contrast rows that say "I don't know"; more would teach a model to decline (R-Tuning, arXiv 2311.09677)."""


@dataclass
class ContrastRows:
    """The rows made from a build's contrast sets."""

    pairs: list[Pair] = field(default_factory=list)
    preferences: list[Contrast] = field(default_factory=list)
    probes: list[ProbeQuestion] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """The number of rows left out, by reason."""


def decided(
    sets: Sequence[ContrastSet],
    decisions: Mapping[str, ContrastDecision],
    explanations: Mapping[str, str] | None = None,
    *,
    keep_awaiting: bool,
) -> list[ContrastSet]:
    """The sets to make rows from, with people's edits in place of the draft.

    Args:
        sets: as the generator drafted them.
        decisions: the last decision about each set, by the set's id.
        explanations: what people say that a set's term is, by the set's id. Of a set that is not kept, only this is.
        keep_awaiting: whether to keep sets that nobody has approved yet.
    """
    kept = []
    for drafted in sets:
        decision = decisions.get(drafted.id)
        text = (explanations or {}).get(drafted.id)
        explanation = {"explain": text} if text else {}
        if decision and decision.verdict == "approve":
            kept.append(edited(drafted, {**decision.texts, **explanation}))
        elif keep_awaiting and (decision is None or decision.verdict == "later"):
            kept.append(edited(drafted, explanation))
        elif explanation:
            kept.append(edited(replace(drafted, items=()), explanation))
    return kept


def edited(drafted: ContrastSet, texts: Mapping[str, str]) -> ContrastSet:
    """A set with a person's texts: `explain` becomes the statement's answer; `statement_chosen` and so on replace the draft's."""
    items = [
        replace(
            item,
            chosen=texts.get(f"{name}_chosen", item.chosen),
            rejected=texts.get(f"{name}_rejected", item.rejected),
        )
        for name, item in named_items(drafted)
    ]
    if explanation := texts.get("explain", "").strip():
        old = next((item for item in items if item.role == "statement"), None)
        others = [item for item in items if item.role != "statement"]
        question = old.question if old else PLAIN_QUESTION[tongue_of_text(explanation)].format(term=drafted.term)
        wrong = old.rejected if old else ""
        other_question = old.other_question if old else ""
        items = [ContrastItem("statement", drafted.term, question, explanation, wrong, None, other_question), *others]
    return replace(drafted, items=tuple(items), ask="" if texts.get("explain") else drafted.ask)


def rows_of(
    sets: Sequence[ContrastSet],
    training_rows: int,
    share: float,
    decisions: Mapping[str, ContrastDecision],
    explanations: Mapping[str, str] | None = None,
) -> ContrastRows:
    """Make rows from the sets, in order of risk, up to the given share of all training rows.

    A set's rows are used together or not at all, except for those that say "I don't know", which have a limit of their own. One
    invented sibling of each set and the paraphrase of the statement's question are held out: they are never trained on.

    Args:
        sets: as `decided` gives them.
        training_rows: number of other training rows.
        share: largest share of contrast rows among all training rows, in [0, 1).
        decisions: the last decision about each set, by the set's id.
        explanations: as for `decided`: these answers are the person's own.
    """
    made = ContrastRows()
    room = int(share / (1 - share) * training_rows)
    not_known, most = 0, max(1, int(MOST_NOT_KNOWN * room))
    for each in sets:
        held = _held_out(each)
        made.probes += _probes(each, held)
        pairs = [
            _pair(
                each, number, item, decisions.get(each.id), by_person=item.role == "statement" and each.id in (explanations or {})
            )
            for number, item in enumerate(each.items)
            if item is not held and item.chosen.strip() and not each.pair
        ]
        unknowing = [pair.id for pair in pairs if KINDS[pair.kind].admits_ignorance]
        over = set(unknowing[max(0, most - not_known) :])
        pairs = [pair for pair in pairs if pair.id not in over]
        if over:
            made.reasons["enough rows that say it is not known"] += len(over)
        if len(made.pairs) + len(pairs) > room:
            made.reasons["over the share of contrasts"] += len(pairs)
            continue
        not_known += len(unknowing) - len(over)
        made.pairs += pairs
        kept = {pair.id for pair in pairs}
        for number, item in enumerate(each.items):
            if _id(each, number) not in kept or not item.rejected.strip():
                continue
            if not alike_in_length(item.chosen, item.rejected):
                made.reasons["wrong answer much longer or shorter than the right one"] += 1
                continue
            made.preferences.append(
                Contrast(
                    pair=_id(each, number),
                    prompt=(Turn("user", item.question),),
                    chosen=item.chosen,
                    rejected=item.rejected,
                    document=each.document,
                    origin="earlier_run" if item.role == "marked" else "generator",
                    term=each.term,
                    evidence=item.evidence.quote if item.evidence else "",
                )
            )
    return made


def _held_out(each: ContrastSet) -> ContrastItem | None:
    """The invented sibling that is never trained on; the same one in every build."""
    invented = [item for item in each.items if item.role == "invented"]
    return min(invented, key=lambda item: content_hash("probe", each.key, item.about)) if invented else None


def _probes(each: ContrastSet, held: ContrastItem | None) -> list[ProbeQuestion]:
    found = []
    if held:
        found.append(ProbeQuestion(f"invented-{each.id}", "invented", held.question, held.about, each.id))
    for item in each.items:
        if item.role == "statement" and item.other_question.strip():
            found.append(ProbeQuestion(f"known-{each.id}", "known", item.other_question, each.term, each.id))
    return found


def _id(each: ContrastSet, number: int) -> str:
    item = each.items[number]
    kind = KIND_OF[item.role].replace("_", "-")
    return f"{kind}-{content_hash('contrast', each.id, item.role, item.about, item.question, length=12)}"


def _pair(each: ContrastSet, number: int, item: ContrastItem, decision: ContrastDecision | None, *, by_person: bool) -> Pair:
    review = "" if decision is None or decision.verdict != "approve" else "edited" if decision.texts else "approved"
    return Pair(
        id=_id(each, number),
        kind=KIND_OF[item.role],
        prompt=(Turn("user", item.question),),
        response=item.chosen,
        document=each.document,
        evidence=item.evidence,
        request=each.request,
        words_asked=None if by_person or (decision and decision.texts) else WORDS,
        review="edited" if by_person else review,
    )
