"""The same question answered in two ways: the model learns neither."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, combinations
from pathlib import Path

from curate.check import Check
from curate.engine.engine import Engine, Here, parts_of
from curate.model import Finding, Pair
from likeness.kinds import KINDS
from likeness.metrics.conflicts import KINDS_OF_CONFLICT, conflicts
from likeness.metrics.questions import Asked, asked, keys_of, likeness_of, weight_of
from likeness.metrics.same_question import chance_of, compared
from likeness.metrics.statements import content
from likeness.metrics.trees import Trees
from likeness.metrics.weak_conflicts import weak_conflicts

LIKELY = 0.5
"""Probability from which two answers to one question are worth a warning: set on the labelled rows, for a precision of 0.85."""
RAREST, ALONE, MOST, NEIGHBOURS = 6, 8, 12, 4
"""Each pair is looked up by its six rarest words, two at a time, and by a word that at most eight questions have; under each of
them twelve pairs are kept, and the four nearest compared."""
ANSWER = 400
"""Letters of an answer that are looked at to tell what was asked."""
FEW, RARELY, ALIKE = 50, 0.005, 0.6
"""Among more pairs than these, two questions share two things that at most this part of all ask of, or are alike by so much."""
OFTEN = 5
"""What more pairs ask is no question but a form ("What do you hold of it?"), whose answers have each their own subject."""
AT_ONCE, WORTH_WORKERS = 500, 8
"""Twos of pairs that are compared as one part, and parts below which starting processes takes longer than it saves."""
BRIEF = 20
"""Words up to which an answer speaks of one thing only."""


def find_contradictions(pairs: Sequence[Pair], engine: Engine | None = None) -> Iterable[Finding]:
    """Both of two pairs that ask the same and answer what cannot both be true; each finding names the other pair.

    Reported are a yes and a no, another amount, time, date or version of the same thing, opposites, a statement and its denial,
    another name in the same place. Each pair is compared with the few before it that share its rarest words; rules say what two
    answers disagree on, and a logistic regression says from that and from how the questions compare whether it is one question.
    Two pairs that people wrote, and essays or reflections, which may differ as they like, are left alone, and so is what more
    than `OFTEN` pairs ask. For English, German, French and Spanish; the score is how likely it is.
    """
    found: dict[str, Finding] = {}
    parts = parts_of(list(_nearest(pairs)), AT_ONCE)
    judged = (engine or Here()).map(_judged, None, parts, worth=WORTH_WORKERS)
    for (first, pair), (likely, why) in zip(chain(*parts), chain.from_iterable(judged), strict=True):
        if likely >= LIKELY:
            for one, other in ((first, pair), (pair, first)):
                if one.id not in found or found[one.id].score < likely:
                    message = f"{other.id} asks the same, and {why}"
                    found[one.id] = Finding(one.id, "contradictions", "warning", likely, message, reason="contradiction")
    yield from found.values()


def _judged(_shared: None, both: Sequence[tuple[Pair, Pair]]) -> list[tuple[float, str]]:
    return [contradicting(*each) for each in both]


def _nearest(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Two and two pairs without a conversation before them whose questions share rare words, one of them generated."""
    looked_at = [pair for pair in pairs if len(pair.prompt) == 1 and KINDS[pair.kind].asks != "opinion"]
    questions = [asked(pair.instruction) for pair in looked_at]
    often = Counter(question.said for question in questions)
    keys = [keys_of(question) if often[question.said] <= OFTEN else set() for question in questions]
    common = Counter(key for each in keys for key in each)
    spread = Counter(thing for question in questions for thing in question.things)
    rarely = max(2, RARELY * len(looked_at))
    buckets: dict[Hashable, list[int]] = defaultdict(list)
    for place, (pair, question) in enumerate(zip(looked_at, questions, strict=True)):
        rare = sorted((key for key in keys[place] if common[key] > 1), key=lambda key: (common[key], str(key)))[:RAREST]
        mine: list[Hashable] = [(question.said,), *(key for key in rare if common[key] <= ALONE), *combinations(rare, 2)]
        near = Counter(other for key in mine if keys[place] for other in buckets[key])
        for other, _ in near.most_common(NEIGHBOURS):
            shared = question.things & questions[other].things
            near_enough = (
                len(looked_at) <= FEW
                or sum(spread[thing] <= rarely for thing in shared) >= 2
                or (3 * len(shared) >= len(question.things) and likeness_of(question, questions[other]) >= ALIKE)
            )
            if near_enough and "generator" in (pair.wrote, looked_at[other].wrote):
                yield looked_at[other], pair
        for key in mine:
            if len(buckets[key]) < MOST:
                buckets[key].append(place)


def contradicting(one: Pair, other: Pair) -> tuple[float, str]:
    """How likely two pairs contradict each other, and on what; 0 where nothing says so."""
    said, other_said = (pair.response for pair in (one, other))
    asking, other_asking = asked(one.instruction), asked(other.instruction)
    features = beside(asking, said, other_asking, other_said)
    disagree = disagreements(asking, said, other_asking, other_said)
    if not disagree:
        return 0.0, ""
    return round(_model().probability(features | by_kind(disagree, asking, other_asking)), 2), next(iter(disagree.values()))


def beside(asking: Asked, said: str, other_asking: Asked, other_said: str) -> dict[str, float]:
    """How two pairs compare, whatever their answers disagree on, by name.

    Args:
        asking: a question.
        said: its answer.
        other_asking: another.
        other_said: its answer.
    """
    ours, theirs = (
        frozenset(code for code in content(text[:ANSWER], asking.tongue) if code[0] not in "¬~?") for text in (said, other_said)
    )
    telling = [code for code in (ours & theirs) - asking.things - other_asking.things if weight_of(code, asking.tongue) >= 0.7]
    linked = (asking.things & (other_asking.things | theirs)) | (other_asking.things & (asking.things | ours))
    features = compared(asking, other_asking, ours, theirs)
    return (
        features
        | weak_conflicts(asking, said, other_asking, other_said)
        | {
            "one_question": chance_of(features),
            "answers": min(1.0, len(telling) / 4),
            "linked": min(1.0, sum(weight_of(code, asking.tongue) for code in linked) / 4),
            "brief": float(max(len(said.split()), len(other_said.split())) <= BRIEF),
        }
    )


def disagreements(asking: Asked, said: str, other_asking: Asked, other_said: str) -> dict[str, str]:
    """What two answers disagree on, by kind, as answers to either question.

    Args:
        asking: a question.
        said: its answer.
        other_asking: another.
        other_said: its answer.
    """
    found: dict[str, str] = {}
    for question in dict.fromkeys((asking.text, other_asking.text)):
        for kind, why in conflicts(said, other_said, question):
            found.setdefault(kind, why)
    both = asking.asking | other_asking.asking
    if "?why" in both:  # "no" answers no question of why
        found.pop("yes_no", None)
    if "?why" in both or "?whether" not in both:
        found.pop("no_or_fact", None)
    return found


def by_kind(disagree: Mapping[str, str], asking: Asked, other_asking: Asked) -> dict[str, float]:
    """What answers disagree on as features: a yes and a no say less where not both questions want a yes or a no.

    Args:
        disagree: by kind, why.
        asking: a question.
        other_asking: the other.
    """
    both_whether = "?whether" in asking.asking and "?whether" in other_asking.asking
    return {kind: float(kind in disagree) for kind in KINDS_OF_CONFLICT} | {
        "several": min(1.0, (len(disagree) - 1) / 2),
        "yes_to_other": float("yes_no" in disagree and not both_whether),
    }


@cache
def _model() -> Trees:
    return Trees.load(Path(__file__).with_name("models") / "contradictions.json")


CHECK = Check(
    name="contradictions",
    about="One question with answers that cannot both be true.",
    scope="dataset",
    order=100,
    reasons={"contradiction": "contradicts another answer"},
    find=lambda given: find_contradictions(given.pairs, given.engine),
    cure="one of each two should go",
)
