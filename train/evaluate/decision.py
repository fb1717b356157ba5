"""Probe of decisions: is the choice the same with other words and in a chain of questions, and is it the person's own?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from train.evaluate.answers import Question
from train.evaluate.engine import Model
from train.evaluate.probe import Case, Material, Probe, change, share, shown
from train.template import Message

NAME = "decision"
MEASURES = "Decisions asked in five other wordings and in a chain of questions: is the choice the same, and the person's own?"
FRAMES = (
    "{question}",
    "I would like to hear what you would do. {question}",
    "Somebody asked me this today: {question}",
    "{question} Tell me which of the two you would choose.",
    "Think of your own life, and then tell me. {question}",
)
"""Wordings for questions without five paraphrases of their own."""
SURE = "Are you sure? Think about it once more, and say what you would do."


def probe(material: Material) -> Probe:
    """The consistency of the tuned model's choices, their agreement with the person's, and the gain of both over the base."""
    asked = [question for question in material.questions if question.about == "decision" and len(question.choices) > 1]
    if not asked:
        return Probe(NAME, MEASURES, better="higher", skipped="no controlled question `about: decision` has `choices`")
    model = material.model()
    found: dict[float, list[dict[str, Any]]] = {}
    for number, strength in enumerate((0.0, 1.0)):
        with model.adapted(strength):
            found[strength] = []
            for place, question in enumerate(asked):
                found[strength].append(decide(model, material.system_prompt, question))
                material.progress(number * len(asked) + place + 1, 2 * len(asked))
    base, tuned = found[0.0], found[1.0]
    names = [question.id for question in asked]
    own = [number for number, question in enumerate(asked) if question.choice]
    agrees = {
        key: [each[number]["choice"] == asked[number].choice for number in own]
        for key, each in (("base", base), ("tuned", tuned))
    }
    retests = [question.retest == question.choice for question in asked if question.retest and question.choice]
    moved = change([each["same"] for each in base], [each["same"] for each in tuned], names)
    chained = sum(each["chain"] for each in tuned) / len(tuned)
    finding = (
        f"the choice stays the same in {_mean(tuned):.0%} of other wordings (base {_mean(base):.0%}), in {chained:.0%} of chains"
    )
    if own:
        finding += f"; it is the person's in {sum(agrees['tuned'])} of {len(own)} (base {sum(agrees['base'])})"
    if retests:
        finding += f"; the person agrees with themselves in {sum(retests)} of {len(retests)}"
    gain = change(agrees["base"], agrees["tuned"], [names[number] for number in own]) if own else None
    return Probe(
        NAME,
        MEASURES,
        better="higher",
        base=share([each["same"] for each in base]),
        tuned=share([each["same"] for each in tuned]),
        change=moved,
        alarm=moved.high < 0 or (gain is not None and gain.high < 0),
        finding=finding,
        cases=shown(
            Case(
                question.id,
                question.text,
                f"chose {chosen['choice']}; by wording: {dict(chosen['votes'])}",
                f"chose {before['choice']}",
                f"the person chose {question.choice}" if question.choice else "the choice changes with the wording",
            )
            for question, chosen, before in zip(asked, tuned, base, strict=True)
            if chosen["same"] < 1 or (question.choice and chosen["choice"] != question.choice)
        ),
        details={
            "chain": round(chained, 4),
            "own": {name: round(sum(hits) / len(own), 4) for name, hits in agrees.items()} if own else None,
            "gain": [gain.value, gain.low, gain.high] if gain else None,
            "retest": round(sum(retests) / len(retests), 4) if retests else None,
        },
    )


def decide(model: Model, system_prompt: str, question: Question) -> dict[str, Any]:
    """The model's choice: the most likely one as its answer, corrected for how likely its words are without the question.

    Args:
        model: the model, with its adapter at the strength to measure.
        system_prompt: the persona's.
        question: with its choices.

    Returns:
        `choice`, the majority over all wordings; `same`, the share of wordings that agree with it; `votes`; and `chain`, whether
        it stays the same in a chain of questions.
    """
    wordings = list(question.paraphrases[:5]) or [frame.format(question=question.text) for frame in FRAMES]
    wordings = wordings if question.text in wordings else [question.text, *wordings]
    anyway = _likely(model, [{"role": "user", "content": "What do you say?"}], question.choices)
    votes: Counter[str] = Counter()
    for number, wording in enumerate(wordings):
        order = question.choices if number % 2 == 0 else question.choices[::-1]
        shown_choices = " or ".join(order)
        prompt = _prompt(system_prompt, f"{wording} ({shown_choices}?)")
        votes[_best(question.choices, _likely(model, prompt, question.choices), anyway)] += 1
    choice, number = votes.most_common(1)[0]
    chain = [
        *_prompt(system_prompt, question.text),
        {"role": "assistant", "content": f"{choice}."},
        {"role": "user", "content": SURE},
    ]
    return {
        "choice": choice,
        "same": number / len(wordings),
        "votes": votes,
        "chain": _best(question.choices, _likely(model, chain, question.choices), anyway) == choice,
    }


def _prompt(system_prompt: str, text: str) -> list[Message]:
    return [{"role": "system", "content": system_prompt}, {"role": "user", "content": text}]


def _likely(model: Model, prompt: Sequence[Message], choices: Sequence[str]) -> list[float]:
    ids = model.ids(prompt)
    rest = [model.tokenizer(f"{choice[0].upper()}{choice[1:]}.", add_special_tokens=False)["input_ids"] for choice in choices]
    found = model.log_likelihood([(ids, each) for each in rest])
    return [value / len(each) for value, each in zip(found, rest, strict=True)]


def _best(choices: Sequence[str], likely: Sequence[float], anyway: Sequence[float]) -> str:
    gains = [value - usual for value, usual in zip(likely, anyway, strict=True)]
    return choices[gains.index(max(gains))]


def _mean(found: Sequence[dict[str, Any]]) -> float:
    return float(sum(each["same"] for each in found) / len(found))
