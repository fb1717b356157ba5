"""Probe of the rows themselves: the loss of each before and after, which were never learnt, and which are known by heart.

A row that no other row is like teaches nothing and cannot be learnt: often its answer does not follow from its question. A row
that is known by heart was seen too often, or says nearly the same as many others. Both are for a person to look at. The
author's own text may be known by heart.

How far rows can be told from others is measured without a canary, which would be a made-up sentence in somebody's model: rows
that were trained on are compared with held-out rows of the same kind, by how far the loss of each fell (its exposure).
"""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Iterator

from likeness.metrics.text import count_of
from train.evaluate.probe import Case, Material, Probe, Score, TrainRow, change, mean, share, shown

NAME = "learnt"
MEASURES = "The loss on the rows it was trained on, before and after: rows that were never learnt, and rows known by heart."
MOST_TOKENS = {"cpu": 5_000, "cuda": 1_000_000}
"""Of the rows that are looked at, drawn from all by chance: two passes over them take a small part of the training's time."""
BESIDE = 0.25
"""Of that, for held-out rows, and for rows behind a bad answer that are not among those drawn: they are few."""
LONGEST = 512
"""Tokens of prompt and answer: longer rows are not looked at, because some are scored at once, and memory is for training."""
FEWEST_TOKENS = 16
"""Of an answer: the loss of a shorter one says little."""
BY_HEART = 0.35
"""Nats a token below which an answer is known by heart: its next token then has a probability of 0.7 on average."""
UNTOUCHED = 0.2
"""Of the typical row's fall in loss: a row that fell less was not learnt."""
FAR = 3.5
"""Modified z-score (Iglewicz and Hoaglin 1993) of the loss after training, from which a row was not learnt either."""
LITTLE = 0.05
"""Share by which the typical row's loss fell, below which nothing was learnt."""
MOST_BY_HEART, MOST_UNTOUCHED = 0.1, 0.2
FEWEST_HELD_OUT = 5
"""Of rows held out, below which they are compared with nothing."""
SEED = 17


def probe(material: Material) -> Probe:
    """Mean loss on the rows' answers, and the rows that stand out."""
    found = losses_of(material, material.rows)
    if not found:
        return Probe(NAME, MEASURES, unit="nats a token", skipped="no row has an answer of some length")
    rows, before, after = [row for row, _, _ in found], [one for _, one, _ in found], [other for _, _, other in found]
    fell = statistics.median(one - other for _, one, other in found)
    by_heart = [each for each in found if each[2] < BY_HEART and not each[0].own]
    high = statistics.median(after) + FAR / 0.6745 * max(_spread(after), BY_HEART / FAR)
    untouched = [each for each in found if each[2] > high or BY_HEART < each[2] > each[1] - UNTOUCHED * fell]
    little = fell < LITTLE * statistics.median(before)
    heart_share, untouched_share = share(_is_in(rows, by_heart)), share(_is_in(rows, untouched))
    alarm = little or heart_share.low > MOST_BY_HEART or untouched_share.low > MOST_UNTOUCHED
    exposed = exposure(found, losses_of(material, _like(material.held_out, rows), share_of_room=BESIDE))
    said = f"the loss on their answers went {mean(before).value:.2f} -> {mean(after).value:.2f} nats a token"
    counted = "hardly anything was learnt"  # measured by how far rows fall as a rule, none is far behind then
    if not little:
        counted = f"{len(untouched)} of {count_of(len(rows), 'row')} not learnt, {len(by_heart)} known by heart"
    if exposed:
        counted += f"; rows trained on are told from rows held out in {exposed.value:.0%} of pairs (chance: 50%)"
    return Probe(
        NAME,
        MEASURES,
        unit="nats a token",
        base=mean(before),
        tuned=mean(after),
        change=change(before, after, [row.id for row in rows]),
        alarm=alarm,
        finding=f"{said}; {counted}",
        cases=shown(_cases(untouched, by_heart)),
        details={
            "by_heart": heart_share.value,
            "untouched": untouched_share.value,
            "exposure": [exposed.value, exposed.low, exposed.high] if exposed else None,
            "losses": {row.id: [round(one, 3), round(other, 3)] for row, one, other in found},
        },
    )


Losses = list[tuple[TrainRow, float, float]]


def exposure(trained: Losses, held_out: Losses) -> Score | None:
    """How often the loss of a row that was trained on fell further than that of a held-out row of its kind: 0.5 is chance.

    Args:
        trained: rows that were trained on, each with its loss before and after.
        held_out: rows that were not.

    Returns:
        The share with a bootstrap interval over rows; None where fewer than FEWEST_HELD_OUT rows have a counterpart.
    """
    ours: dict[str, list[float]] = defaultdict(list)
    theirs: dict[str, list[float]] = defaultdict(list)
    for into, some in ((ours, trained), (theirs, held_out)):
        for row, before, after in some:
            if not row.own:
                into[row.kind].append(before - after)
    told = [
        sum((fall > other) + (fall == other) / 2 for other in theirs[kind]) / len(theirs[kind])
        for kind, falls in ours.items()
        if kind in theirs
        for fall in falls
    ]
    if sum(len(theirs[kind]) for kind in ours if kind in theirs) < FEWEST_HELD_OUT or len(told) < FEWEST_HELD_OUT:
        return None
    return mean(told)


def _like(held_out: list[TrainRow], rows: list[TrainRow]) -> list[TrainRow]:
    """Held-out rows of the kinds that were looked at."""
    kinds = {row.kind for row in rows if not row.own}
    return [row for row in held_out if row.kind in kinds and not row.own]


def losses_of(material: Material, rows: list[TrainRow], share_of_room: float = 1.0) -> Losses:
    """Some rows whose answers are long enough, with the loss of the answer before and after, in nats a token.

    Args:
        material: with the model.
        rows: to draw from.
        share_of_room: of the tokens that a probe may score.
    """
    if not rows:
        return []
    model = material.model()
    room = int(MOST_TOKENS[model.model.device.type] * share_of_room)
    asked: list[TrainRow] = []
    pairs: list[tuple[list[int], list[int]]] = []
    for row in random.Random(SEED).sample(rows, len(rows)):  # noqa: S311 - it chooses rows, it keeps no secret
        answer: list[int] = model.tokenizer(row.response, add_special_tokens=False)["input_ids"]
        prompt = model.ids([{"role": "system", "content": material.system_prompt}, {"role": "user", "content": row.question}])
        if len(answer) >= FEWEST_TOKENS and len(prompt) + len(answer) <= min(room, LONGEST):
            room -= len(prompt) + len(answer)
            asked.append(row)
            pairs.append((prompt, answer))
    if not asked:
        return []
    losses = []
    for strength in (0.0, 1.0):
        with model.adapted(strength):
            likely = model.log_likelihood(pairs)
        losses.append([-value / len(answer) for value, (_, answer) in zip(likely, pairs, strict=True)])
    return list(zip(asked, *losses, strict=True))


def _spread(values: list[float]) -> float:
    """Median distance from the median."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


def _is_in(rows: list[TrainRow], some: list[tuple[TrainRow, float, float]]) -> list[bool]:
    named = {row.id for row, _, _ in some}
    return [row.id in named for row in rows]


def _cases(untouched: list[tuple[TrainRow, float, float]], by_heart: list[tuple[TrainRow, float, float]]) -> Iterator[Case]:
    """Rows to look at: those that are farthest from being learnt, then those that are known best."""
    standing = sorted(untouched, key=lambda each: -each[2])
    for why, some in (("not learnt", standing), ("known by heart", sorted(by_heart, key=lambda each: each[2]))):
        for row, before, after in some[:6]:
            note = f"{why}: loss {before:.2f} -> {after:.2f}"
            yield Case(row.id, row.question, row.response, "", note, [{"id": row.id, "why": why}])
