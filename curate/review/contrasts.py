"""Contrast sets in Argilla: a separate dataset in which each set is one record, reviewed as a unit."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from curate.decisions.explanations import explained
from curate.decisions.queue import review_of
from curate.ledger.ledger import Ledger
from curate.model import ContrastDecision, ContrastItem, ContrastSet, Evidence, TermDecision, named_items
from curate.review.argilla import Answered, RemoteRecord, ReviewDataset
from curate.review.page import DIMENSIONS, VECTOR, clean, content_of, if_edited
from curate.review.vectors import vectors_of
from likeness.recipe.schema import Recipe

QUEUE = "contrast"
VERDICTS = {
    "approve": "Right, as it is, or as I edited it",
    "dismiss": "This term is nothing to care about",
    "later": "I cannot say yet",
}
PARTS = {
    "statement": "What it is",
    "neighbour": "How it differs from what it is confused with",
    "premise": "A question that takes something wrong for granted",
    "marked": "An answer that was marked as wrong",
    "known_1": "Something that your texts answer",
    "known_2": "Something that your texts answer, the second",
    "invented_1": "Something invented",
    "invented_2": "Something invented, the second",
    "invented_3": "Something invented, the third",
}
"""The parts of a set, as `named_items` calls them."""
SIDES = {"chosen": "the right answer", "rejected": "what it must not say"}
MOST_MENTIONS = 12


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The page's fields, questions, metadata, vectors and guidelines, as plain values."""
    texts = [
        {"type": "text", "name": f"{part}_{side}", "title": f"{title}: {about}", "required": False}
        for part, title in PARTS.items()
        for side, about in SIDES.items()
    ]
    return {
        "fields": [
            {"name": "term", "title": "The term", "use_markdown": True},
            {"name": "drafted", "title": "The questions of this set", "use_markdown": True},
            {"name": "mentions", "title": "Where your texts have it", "use_markdown": True},
        ],
        "questions": [
            {"type": "label", "name": "verdict", "title": "Is the set right?", "labels": VERDICTS, "required": True},
            {"type": "text", "name": "explain", "title": "Explain it in your own words", "required": False},
            *texts,
        ],
        "newer_questions": [f"{part}_{side}" for part in PARTS if part.startswith("known_") for side in SIDES],
        "terms": ["name", "asks_you", "parts"],  # must differ from the names of fields and questions
        "integers": ["places"],
        "floats": [],
        "vectors": {VECTOR: DIMENSIONS},
        "guidelines": guidelines(recipe),
    }


def guidelines(recipe: Recipe) -> str:
    """What reviewers read before they begin."""
    return "\n\n".join(
        [
            f"<p>A model that learns to answer as <b>{html.escape(recipe.persona.name, quote=False)}</b> does will make things up"
            " about what the texts mention and do not explain. Each record here is one such term.</p>",
            "Read where your texts have it, then the questions below and the answers beside them: the right one, and a wrong one"
            " that the model learns to avoid. Correct both. The wrong one should be tempting, and as long as the right one.",
            "*Explain it in your own words* where the texts do not: no generator can write it. Dictate it if you like.",
            f"- **{VERDICTS['approve']}**: Enter.\n- **{VERDICTS['dismiss']}** (2): it is not listed again.\n"
            f"- **{VERDICTS['later']}** (3): it stays as it is and comes back.",
            "The invented things are in none of your texts. One of each set is held out of training, to measure whether the model"
            " still makes things up.",
        ]
    )


def record_of(drafted: ContrastSet, explanation: str = "") -> dict[str, Any]:
    """The record of a set: fields, suggestions, metadata. A person's earlier explanation of the term is suggested."""
    verdict = "later" if drafted.ask and not explanation else "approve"
    suggestions = [{"question": "verdict", "value": verdict, "score": 1.0, "agent": "generator"}]
    if explanation:
        suggestions.append({"question": "explain", "value": explanation, "score": 1.0, "agent": "person"})
    for name, item in named_items(drafted):
        for side, text in (("chosen", item.chosen), ("rejected", item.rejected)):
            if text:
                suggestions.append({"question": f"{name}_{side}", "value": text, "score": 1.0, "agent": "generator"})
    title = f"<h3>{_escaped(drafted.term)}</h3>"
    if drafted.ask:
        title += f"<p><b>Your texts do not say what it is.</b><br>{_escaped(drafted.ask)}</p>"
    kinds: list[str] = sorted({item.role for item in drafted.items}) or ["nothing drafted"]
    return {
        "external_id": drafted.id,
        "fields": {
            "term": title + f"<p><small>{_escaped(drafted.id)}</small></p>",
            "drafted": "".join(_shown(name, item) for name, item in named_items(drafted)) or "<p>Nothing yet.</p>",
            "mentions": _mentions(drafted.mentions) or "<p>It is in none of your texts.</p>",
        },
        "suggestions": suggestions,
        "metadata": {
            "name": drafted.term,
            "asks_you": "yes" if drafted.ask else "no",
            "parts": kinds,
            "places": len(drafted.mentions),
        },
    }


def decision_of(drafted: ContrastSet, answer: Answered) -> ContrastDecision | None:
    """The decision in a response; None if it decides nothing. Discarding a record dismisses its term.

    Argilla returns unedited suggestions as the reviewer's text, so texts are compared with the draft.
    """
    said = {name: value["value"] for name, value in answer.values.items()}
    verdict = "dismiss" if answer.status == "discarded" else said.get("verdict")
    if answer.status not in ("submitted", "discarded") or verdict not in VERDICTS:
        return None
    texts = {}
    for name, item in named_items(drafted):
        for side, before in (("chosen", item.chosen), ("rejected", item.rejected)):
            if edited := if_edited(said.get(f"{name}_{side}"), [before]):
                texts[f"{name}_{side}"] = edited
    if explanation := clean(said.get("explain")):
        texts["explain"] = explanation
    return ContrastDecision(drafted.id, answer.reviewer, cast(Literal["approve", "dismiss", "later"], verdict), texts)


def open_dataset(client: Any, recipe: Recipe, base: str) -> ReviewDataset:
    """The recipe's dataset of contrast sets, which is created if it is missing. One decision is enough for a set.

    Args:
        client: Argilla's.
        recipe: the recipe.
        base: the name of its datasets there.

    Raises:
        CallError: it lacks questions of ours, or the key lacks the permission.
        MachineError: the server failed.
    """
    review = review_of(recipe)
    name = f"{base}-contrasts"
    return ReviewDataset(client, review.workspace, name, settings_of(recipe), 1, is_local=review.argilla == "local")


def pull(dataset: ReviewDataset, ledger: Ledger) -> tuple[dict[str, RemoteRecord], int]:
    """Fetch decisions about contrast sets into the ledger; return all records by set, and the number of new decisions."""
    there = {remote.pair: remote for remote in dataset.records()}
    new = 0
    for remote in there.values():
        drafted = ledger.contrast_set(remote.pair)
        for answer in remote.answers if drafted else ():
            assert drafted is not None
            decision = decision_of(drafted, answer)
            if decision and ledger.add_contrast_decision(decision):
                new += 1
                if decision.verdict == "dismiss" and drafted.key:
                    ledger.add_term_decision(TermDecision(drafted.term, "dismiss", who=decision.reviewer))
    return there, new


def push(
    dataset: ReviewDataset,
    server: str,
    ledger: Ledger,
    there: Mapping[str, RemoteRecord],
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Push undecided sets, and remove unanswered records of other sets; return the numbers pushed and removed.

    Args:
        dataset: of contrast sets.
        server: its address.
        ledger: of the recipe.
        there: the records on the server, by set.
        progress: called with the number of sets pushed and the number of all sets to push.
    """
    wanted = {each.id: each for each in waiting(ledger)}
    explanations, _ = explained(list(wanted.values()), ledger.explanations(), ledger.term_decisions())
    records = [record_of(each, explanations.get(each.id, "")) for each in wanted.values()]
    known = ledger.pushed_records(server, QUEUE)
    contents = {record["external_id"]: content_of(record) for record in records}
    new = [r for r in records if r["external_id"] not in there or known.get(r["external_id"]) != contents[r["external_id"]]]
    ledger.note_pushed(server, QUEUE, [(record["external_id"], "") for record in new])

    def done(count: int) -> None:
        ledger.note_pushed(server, QUEUE, [(r["external_id"], contents[r["external_id"]]) for r in new[:count]])
        progress(count, len(new))

    texts = [" ".join(str(each["value"]) for each in record["suggestions"]) for record in new]
    dataset.push(new, vectors_of(texts), VECTOR, done)
    gone = [
        remote
        for name, remote in there.items()
        if name in known and name not in wanted and remote.is_pending and not remote.answers
    ]
    if gone:
        dataset.remove_records([remote.record for remote in gone])
        ledger.note_retired(server, QUEUE, [remote.pair for remote in gone])
    return len(new), len(gone)


def waiting(ledger: Ledger) -> list[ContrastSet]:
    """The undecided contrast sets of the newest build."""
    decisions = ledger.contrast_decisions()
    return [each for each in ledger.contrast_sets() if each.id not in decisions or decisions[each.id].verdict == "later"]


def _shown(name: str, item: ContrastItem) -> str:
    about = f" ({_escaped(item.about)})" if item.role in ("neighbour", "invented") else ""
    quote = (
        f"<br><small>rests on: “{_escaped(item.evidence.quote)}” ({_escaped(item.evidence.document)})</small>"
        if item.evidence
        else ""
    )
    return f"<p><i>{PARTS[name]}</i>{about}<br><b>{_escaped(item.question)}</b>{quote}</p>"


def _mentions(places: Sequence[Evidence]) -> str:
    lines = [f"<li>{_escaped(each.quote)} <small>{_escaped(each.document)}</small></li>" for each in places[:MOST_MENTIONS]]
    more = len(places) - MOST_MENTIONS
    return f"<ul>{''.join(lines)}</ul>" + (f"<p>and {more} more</p>" if more > 0 else "") if lines else ""


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")
