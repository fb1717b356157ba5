"""The dial: measure the adapter at several strengths. A weaker one may reduce overfitting, a stronger one underfitting."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.files import write_atomic
from likeness.metrics.declines import declines
from likeness.metrics.likeness import LikenessProfile
from train.evaluate.answers import SEED, Question
from train.evaluate.degenerate import MOST
from train.evaluate.echo import OFF_TOPIC, echoed, overused, own_text, signatures
from train.evaluate.engine import AT_ONCE, Model, Reply
from train.evaluate.forgetting import WORSE, measure
from train.evaluate.likeness import KINDS
from train.evaluate.probe import TrainRow
from train.evaluate.unknown import INVENTED

MOST_OF_A_KIND = 12
AS_TRAINED = 1.0


@dataclass(frozen=True, slots=True)
class Notch:
    """The measures of one strength.

    They are likeness with its bounds (None if it cannot be measured), the loss on general answers minus the base's, the share of
    tasks done right, and the shares of invented things declined, of off-topic answers that echo, and of unfinished answers.
    """

    strength: float
    likeness: float | None
    low: float | None
    high: float | None
    caricature: bool
    loss_change: float
    tasks: float
    declined: float | None
    echo: float | None
    unfinished: float

    @property
    def is_sound(self) -> bool:
        """Whether it has not forgotten general knowledge, does not overdo the author's habits, and finishes its answers."""
        return self.loss_change <= WORSE and not self.caricature and self.unfinished <= 2 * MOST


@dataclass(frozen=True, slots=True)
class Dial:
    """The measures of all strengths, the proposed strength, and the reason."""

    notches: list[Notch]
    best: float
    why: str
    alpha: float | None = None
    """The adapter's alpha at that strength, if the recipe merges at it."""

    @property
    def applied(self) -> bool:
        """Whether the adapter is merged at the proposed strength."""
        return self.alpha is not None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"strength {self.best:g} {'is merged' if self.applied else 'is proposed'}: {self.why}"


def measure_dial(
    model: Model,
    questions: Sequence[Question],
    rows: list[TrainRow],
    profile: LikenessProfile | None,
    system_prompt: str,
    strengths: Sequence[float],
    file: Path,
    progress: Callable[[float, float], None],
) -> Dial:
    """Measure each strength once, and propose one.

    Args:
        model: base and adapter.
        questions: the controlled questions.
        rows: the training rows.
        profile: of the author, if the dataset has one.
        system_prompt: the persona's.
        strengths: those to measure; the strength as trained is always added.
        file: stores the measures.
        progress: called with the number of strengths measured and of all strengths.
    """
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    chosen = _some(questions)
    wanted = [0.0, *sorted({*strengths, AS_TRAINED})]
    for number, strength in enumerate(wanted):
        if str(strength) not in known:
            with model.adapted(strength):
                replies = [
                    reply
                    for start in range(0, len(chosen), AT_ONCE)
                    for reply in _asked(model, chosen[start : start + AT_ONCE], system_prompt)
                ]
            tasks, losses = measure(model, system_prompt, strength)
            known[str(strength)] = {
                "answers": [asdict(reply) for reply in replies],
                "tasks": sum(tasks) / len(tasks),
                "loss": sum(losses) / len(losses),
            }
            write_atomic(file, json.dumps(known, ensure_ascii=False))
        progress(number + 1, len(wanted))
    base = known["0.0"]
    telling = signatures(rows, [reply["text"] for reply in base["answers"]])
    own = own_text(rows)
    notches = [_notch(strength, known[str(strength)], base, chosen, telling, own, profile) for strength in wanted[1:]]
    return propose(notches)


def propose(notches: Sequence[Notch]) -> Dial:
    """Propose the strength as trained, unless it is unsound or another one is clearly more like the author.

    Args:
        notches: the measures of all strengths.
    """
    trained = next(notch for notch in notches if notch.strength == AS_TRAINED)
    sound = [notch for notch in notches if notch.is_sound]
    if not sound:
        return Dial(list(notches), AS_TRAINED, "no strength is sound; train again")
    if not trained.is_sound:
        nearest = max(sound, key=lambda notch: (notch.likeness or 0.0, -abs(notch.strength - AS_TRAINED)))
        return Dial(list(notches), nearest.strength, f"at 1 it {_fault(trained)}, at {nearest.strength:g} it does not")
    better = [
        notch
        for notch in sound
        if trained.high is not None and notch.low is not None and notch.low > trained.high and not _worse(notch, trained)
    ]
    if better:
        best = max(better, key=lambda notch: notch.likeness or 0.0)
        return Dial(list(notches), best.strength, f"likeness {best.likeness:.0f}, against {trained.likeness:.0f} as trained")
    return Dial(list(notches), AS_TRAINED, "no other strength is surely better than as trained")


def _worse(one: Notch, other: Notch) -> bool:
    return (one.declined or 0.0) < (other.declined or 0.0) - 0.1 or (one.echo or 0.0) > (other.echo or 0.0) + 0.1


def _fault(notch: Notch) -> str:
    if notch.caricature:
        return "overdoes the author's habits"
    if notch.loss_change > WORSE:
        return f"has forgotten (loss on general answers {notch.loss_change:+.2f} nats a token)"
    return f"leaves {notch.unfinished:.0%} of its answers unfinished"


def _some(questions: Sequence[Question]) -> list[Question]:
    """The questions for measuring the dial: at most MOST_OF_A_KIND each of the author's, about invented things, and general."""
    chosen = []
    for kinds in (KINDS, INVENTED, ("general",)):
        chosen += [question for question in questions if question.about in kinds][:MOST_OF_A_KIND]
    return chosen


def _asked(model: Model, questions: Sequence[Question], system_prompt: str) -> list[Reply]:
    prompts = [
        [{"role": "system", "content": system_prompt}, {"role": "user", "content": question.text}] for question in questions
    ]
    return model.reply(prompts, SEED + 1)


def _notch(
    strength: float,
    found: dict[str, Any],
    base: dict[str, Any],
    questions: Sequence[Question],
    telling: list[str],
    own_words: str,
    profile: LikenessProfile | None,
) -> Notch:
    by_kind = [
        (question, reply["text"], of_base["text"])
        for question, reply, of_base in zip(questions, found["answers"], base["answers"], strict=True)
    ]
    own = [(text, other) for question, text, other in by_kind if question.about in KINDS]
    like = profile.measure([text for text, _ in own], [other for _, other in own]) if profile and len(own) > 2 else None
    invented = [declines(text) for question, text, _ in by_kind if question.about in INVENTED]
    elsewhere = [(question.text, text) for question, text, _ in by_kind if question.about in OFF_TOPIC]
    too_often = overused(elsewhere, telling, own_words)
    off = [bool(echoed(text, asked, too_often)) for asked, text in elsewhere]
    return Notch(
        strength,
        like.value if like else None,
        like.low if like else None,
        like.high if like else None,
        bool(like and like.is_caricature),
        round(found["loss"] - base["loss"], 4),
        round(found["tasks"], 4),
        round(sum(invented) / len(invented), 4) if invented else None,
        round(sum(off) / len(off), 4) if off else None,
        round(sum(not reply["stopped"] for reply in found["answers"]) / max(1, len(found["answers"])), 4),
    )
