"""Contrast sets that people start: for an answer marked as wrong, and for a response that a reviewer says must never be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from curate.decisions.outcomes import Outcome
from curate.model import Contrast, ContrastDecision, ContrastItem, ContrastSet, ContrastTask, Pair, content_hash


def sets_of_tasks(tasks: Sequence[ContrastTask]) -> list[ContrastSet]:
    """One set for each answer that was marked as wrong. The person writes the right answer."""
    return [
        ContrastSet(
            id=f"wrong-{content_hash('wrong', task.question, task.wrong, length=12)}",
            term=task.term or task.question,
            key="",
            document=f"run {task.run}" if task.run else "an answer of a model",
            items=(ContrastItem("marked", task.term, task.question, "", task.wrong),),
            mentions=(),
            ask=f"The model answered this wrongly. What is right? Nearest rows: {', '.join(task.rows) or 'none'}.",
        )
        for task in tasks
    ]


def sets_of_reviews(pairs: Sequence[Pair], outcomes: Mapping[str, Outcome]) -> list[ContrastSet]:
    """One set for each response that a reviewer of a pair said must never be given."""
    found = []
    for pair in pairs:
        outcome = outcomes.get(pair.id)
        for never in outcome.never_say if outcome and outcome.state == "approve" else ():
            found.append(
                ContrastSet(
                    id=f"never-{content_hash('never', pair.id, never, length=12)}",
                    term=pair.instruction[:80],
                    key="",
                    document=pair.document,
                    items=(ContrastItem("marked", pair.id, pair.instruction, pair.response, never, pair.evidence),),
                    mentions=(pair.evidence,) if pair.evidence else (),
                    pair=pair.id,
                )
            )
    return found


def as_decided(
    contrasts: Sequence[Contrast], sets: Sequence[ContrastSet], decisions: Mapping[str, ContrastDecision]
) -> list[Contrast]:
    """Apply the decisions from the contrasts' page to the contrasts from reviews of pairs: edit them, or drop them.

    Args:
        contrasts: from reviews of pairs.
        sets: the same contrasts as sets on the page.
        decisions: by the set's id.
    """
    said = {}
    for each in sets:
        if each.pair and (decision := decisions.get(each.id)):
            said[each.pair, each.items[0].rejected] = decision
    found = []
    for contrast in contrasts:
        decision = said.get((contrast.pair, contrast.rejected)) if contrast.origin == "never_say" else None
        if decision is None or decision.verdict == "later":
            found.append(contrast)
        elif decision.verdict == "approve":
            rejected = decision.texts.get("marked_rejected", contrast.rejected)
            found.append(replace(contrast, rejected=rejected, chosen=decision.texts.get("marked_chosen", contrast.chosen)))
    return found
