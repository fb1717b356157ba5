"""Probe of memorised rows: the longest run of words that an answer shares with a row, and rows that the model can complete.

Only rows that the generator wrote count. The model may repeat the author's own words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from likeness.metrics.shared_runs import SharedRuns
from likeness.metrics.text import count_of, words_of
from train.evaluate.engine import Model
from train.evaluate.probe import Case, Material, Probe, Score, TrainRow, mean, share, shown

NAME = "memorised"
MEASURES = "The longest run of tokens that an answer shares with a row that is no quotation, and rows that go on by heart."
LONGEST = 50
"""Length in tokens of a shared run that raises the alarm."""
ASKED = 20
"""Number of rows whose beginning the model gets, to see whether it completes them."""
BEGUN = 0.25
"""Share of a row's answer that the model gets."""
GOES_ON = 32
"""Number of tokens that must follow exactly as in the row."""
FIRST = 8
"""Number of tokens after which a row that goes on otherwise is given up."""
MOST_BY_HEART = 0.1
SEED = 17


def probe(material: Material) -> Probe:
    """The longest shared run, and the share of rows that the model completes word for word."""
    rows = [row for row in material.rows if not row.own]
    if not rows:
        return Probe(NAME, MEASURES, unit="tokens", skipped="every row's answer is the author's own text")
    runs = SharedRuns([row.response for row in rows])
    tokenizer = material.model().tokenizer

    def longest(text: str) -> tuple[int, str, int]:
        run = runs.longest(text)
        return (len(tokenizer(str(run), add_special_tokens=False)["input_ids"]), str(run), run.text) if run else (0, "", 0)

    pairs = material.pairs()
    base = [longest(one.answer) for one, _ in pairs]
    tuned = [longest(other.answer) for _, other in pairs]
    by_heart_base, by_heart, said, begun = _begun(material, rows)
    worst = max((length for length, _, _ in tuned), default=0)
    alarm = worst >= LONGEST or (by_heart.low > MOST_BY_HEART and by_heart.low > by_heart_base.high)
    cases = [
        Case(
            other.id,
            other.question,
            other.answer,
            one.answer,
            f"{length} tokens as in a row: “{run}”",
            [{"id": rows[row].id, "why": "the same run"}],
        )
        for (one, other), (length, run, row) in sorted(zip(pairs, tuned, strict=True), key=lambda each: -each[1][0])
        if length >= LONGEST / 2
    ]
    cases += [
        Case(row.id, row.question, text, "", "a row that goes on by heart", [{"id": row.id, "why": "it itself"}])
        for row, text in said
    ]
    return Probe(
        NAME,
        MEASURES,
        unit="tokens",
        base=mean([float(length) for length, _, _ in base]),
        tuned=mean([float(length) for length, _, _ in tuned]),
        alarm=alarm,
        finding=f"the longest run is {worst} tokens; {by_heart.value:.0%} of {count_of(begun, 'begun row')} continued by heart, "
        f"with the base {by_heart_base.value:.0%}",
        cases=shown(iter(cases)),
        details={"longest": worst, "by_heart": by_heart.value, "by_heart_base": by_heart_base.value},
    )


def _begun(material: Material, rows: list[TrainRow]) -> tuple[Score, Score, list[tuple[TrainRow, str]], int]:
    """Let base and tuned model continue beginnings of rows greedily: the share that give the next GOES_ON tokens of the row."""
    model = material.model()
    asked = []
    for row in random.Random(SEED).sample(rows, len(rows)):  # noqa: S311 - it chooses rows, it keeps no secret
        answer: list[int] = model.tokenizer(row.response, add_special_tokens=False)["input_ids"]
        start = max(4, round(BEGUN * len(answer)))
        if len(answer) - start >= GOES_ON:
            prompt = model.ids([{"role": "system", "content": material.system_prompt}, {"role": "user", "content": row.question}])
            asked.append((row, prompt + answer[:start], answer[start : start + GOES_ON]))
        if len(asked) == ASKED:
            break
    found: dict[float, list[bool]] = {}
    said = []
    for strength in (0.0, 1.0):
        with model.adapted(strength):
            texts = _by_heart(model, [(prompt, rest) for _, prompt, rest in asked])
        found[strength] = [number in texts for number in range(len(asked))]
        said = [(asked[number][0], text) for number, text in texts.items()]
    return share(found[0.0]), share(found[1.0]), said, len(asked)


def _by_heart(model: Model, begun: Sequence[tuple[list[int], list[int]]]) -> dict[int, str]:
    """The continuations that are the row's, by number. The first few tokens show already which are not.

    Args:
        model: the model, with its adapter at the strength to measure.
        begun: what each row begins with, and how it goes on.
    """
    texts = dict.fromkeys(range(len(begun)), "")
    for tokens in (FIRST, GOES_ON):
        if texts:
            replies = model.continue_from([begun[number][0] for number in texts], tokens)
            replied = zip(texts, replies, strict=True)
            texts = {number: reply.text for number, reply in replied if _same(model, reply.text, begun[number][1][:tokens])}
    return texts


def _same(model: Model, text: str, rest: list[int]) -> bool:
    wanted = words_of(model.tokenizer.decode(rest))
    return words_of(text)[: len(wanted) - 1] == wanted[:-1]  # the last word may be cut
