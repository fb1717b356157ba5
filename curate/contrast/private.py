"""Private data in the contrast rows that are no pairs: preferences, questions held out, and answers of earlier runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from curate.model import Contrast, ProbeQuestion, Stage, Turn
from curate.screen.private_data import redacted
from curate.screen.settings.private_data import PrivateDataSettings

Row = TypeVar("Row", Contrast, ProbeQuestion)


def without_private(rows: Sequence[Row], settings: PrivateDataSettings, spared: Collection[str], stage: Stage) -> list[Row]:
    """Rows as the recipe treats the private data of pairs: redacted, dropped, or as they are.

    Args:
        rows: preferences, of contrast sets or from reviews of pairs, or questions held out.
        settings: the recipe's.
        spared: ids of the pairs and sets that people approved; their rows are not dropped.
        stage: counts the dropped rows.
    """
    kept: list[Row] = []
    for row in rows:
        clean = _rewritten(row, lambda text: redacted(text, settings.names))
        if settings.action == "redact":
            kept.append(clean)
        elif settings.action == "flag" or clean == row or _of(row) in spared:
            kept.append(row)
        else:
            stage.count("private data")
    return kept


def answers_without_private(answers: Mapping[str, str], settings: PrivateDataSettings) -> dict[str, str]:
    """Answers of earlier runs, by question: redacted, or left out where the recipe drops private data."""
    if settings.action == "flag":
        return dict(answers)
    clean = {question: redacted(answer, settings.names) for question, answer in answers.items()}
    return {question: answer for question, answer in clean.items() if settings.action == "redact" or answer == answers[question]}


def _of(row: Contrast | ProbeQuestion) -> str:
    """The id of the pair or the set that a row belongs to."""
    return row.pair if isinstance(row, Contrast) else row.contrast_set


def _rewritten(row: Row, rewrite: Callable[[str], str]) -> Row:
    if isinstance(row, ProbeQuestion):
        return replace(row, question=rewrite(row.question), term=rewrite(row.term))
    return replace(
        row,
        prompt=tuple(Turn(turn.role, rewrite(turn.content)) for turn in row.prompt),
        chosen=rewrite(row.chosen),
        rejected=rewrite(row.rejected),
        context=rewrite(row.context),
        evidence=rewrite(row.evidence),
        term=rewrite(row.term),
    )
