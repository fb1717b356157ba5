"""Probe of forgetting: 60 tasks with three choices, and the loss on general answers, for base and tuned model.

The choice is the one with the most likely words, not one in a generated answer: small models would generate no right answers
before training either, so that a gate on generated answers would show nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from train.evaluate.engine import Model
from train.evaluate.probe import Case, Material, Probe, Score, change, mean, share, shown

NAME = "forgetting"
MEASURES = "Sixty simple general tasks and the loss on twelve general answers: has it forgotten what the base knew?"
FILE = Path(__file__).with_name("general.jsonl")
WORSE = 0.10
"""Largest rise of the loss, in nats per token. The noise floor of the tasks is the interval of their change."""


def tasks() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The tasks with three choices, and the general questions with their answers."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if "right" in row], [row for row in rows if "answer" in row]


def measure(model: Model, system_prompt: str, strength: float) -> tuple[list[bool], list[float]]:
    """Whether each task is done right, and the loss of each general answer in nats per token.

    Args:
        model: base and adapter.
        system_prompt: the persona's, because the model will be used with it.
        strength: of the adapter; 0 is the base alone.
    """
    choices, answers = tasks()

    def ids(question: str) -> list[int]:
        return model.ids([{"role": "system", "content": system_prompt}, {"role": "user", "content": question}])

    def words(text: str) -> list[int]:
        found: list[int] = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    pairs, sizes = [], []
    for task in choices:
        for option in (task["right"], *task["wrong"]):
            pairs.append((ids(task["question"]), words(option)))
    for row in answers:
        pairs.append((ids(row["question"]), words(row["answer"])))
        sizes.append(len(pairs[-1][1]))
    with model.adapted(strength):
        likely = model.log_likelihood(pairs)
    each = [value / len(rest) for value, (_, rest) in zip(likely, pairs, strict=True)]
    done, place = [], 0
    for task in choices:
        options = each[place : place + 1 + len(task["wrong"])]
        place += len(options)
        done.append(options[0] == max(options))
    return done, [-value for value in each[place:]]


def probe(material: Material) -> Probe:
    """Tasks and loss of the base and of the tuned model."""
    model = material.model()
    base, base_loss = measure(model, material.system_prompt, 0.0)
    tuned, tuned_loss = measure(model, material.system_prompt, 1.0)
    names = [task["question"] for task in tasks()[0]]
    moved = change([float(each) for each in base], [float(each) for each in tuned], names)
    loss = change(base_loss, tuned_loss, [str(number) for number in range(len(base_loss))])
    worse = moved.high < 0 or loss.low > WORSE
    lost = [name for name, one, other in zip(names, base, tuned, strict=True) if one and not other]
    finding = (
        f"{sum(tuned)} of {len(tuned)} tasks right, the base {sum(base)}; loss on general answers "
        f"{mean(base_loss).value:.2f} -> {mean(tuned_loss).value:.2f} nats a token"
    )
    return Probe(
        NAME,
        MEASURES,
        better="higher",
        base=share(base),
        tuned=share(tuned),
        change=moved,
        noise=round((moved.high - moved.low) / 2, 4),
        alarm=worse,
        finding=finding + (": more than chance explains" if worse else ""),
        cases=shown(Case(name, name, "chose another answer than the right one", "chose the right one") for name in lost),
        details={"loss_base": mean(base_loss).value, "loss_tuned": mean(tuned_loss).value, "loss_change": _as_list(loss)},
    )


def _as_list(score: Score) -> list[float]:
    return [score.value, score.low, score.high]
