"""What is held out to watch the loss on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from curate.model import Contrast, Finding, Pair, Stage, content_hash
from curate.screen.contradictions import OFTEN
from likeness.metrics.near_duplicates import NearestIndex, asked_of
from likeness.metrics.shared_questions import SAME
from likeness.recipe import schema

ALL = "all kinds"


@dataclass
class Split:
    """The two sides of a dataset, and what belongs to neither."""

    train: list[Pair]
    validation: list[Pair]
    left_out: list[Finding] = field(default_factory=list)
    """Pairs that training must not have, because they ask what is held out; each with its reason."""
    held_documents: frozenset[str] = frozenset()
    """By document: those whose every pair is held out."""

    @property
    def pairs(self) -> list[Pair]:
        """Both sides."""
        return self.train + self.validation

    def with_contrasts(self, contrasts: Iterable[Contrast]) -> dict[str, list[Contrast]]:
        """Contrasts by side: each is beside its pair or its document, and nowhere if its pair was left out."""
        left_out = {finding.pair for finding in self.left_out}
        held = self.held_documents | {pair.id for pair in self.validation}
        beside: dict[str, list[Contrast]] = {"train": [], "validation": []}
        for contrast in contrasts:
            if contrast.pair not in left_out:
                beside["validation" if held & {contrast.pair, contrast.document} else "train"].append(contrast)
        return beside

    def note(self) -> str | None:
        """What a person should know where nothing could be held out though it was asked for."""
        if self.validation or not self.train:
            return None
        if len(self.train) == 1:
            return "nothing is held out to watch the loss on: there is only one pair"
        return (
            f"nothing is held out to watch the loss on: all pairs come from {self.train[0].document}, and a document stays on "
            "one side; `split: {by: pair}` holds pairs of it out"
        )


def split(pairs: Sequence[Pair], settings: schema.Split, stage: Stage) -> Split:
    """Hold out about `settings.validation` of the pairs, of every kind about the same share.

    By document, no document is on both sides; by pair, no conversation. What training would ask that is held out already,
    word for word or nearly, is left out of it and counted in `stage`, so that the loss is watched on questions that are new.

    Args:
        pairs: the pairs to look at.
        settings: what the recipe says of it.
        stage: counts what is left out, and why.
    """
    held = held_out(pairs, settings.validation, settings.by, settings.seed)
    train = [pair for pair in pairs if pair.id not in held]
    validation = [pair for pair in pairs if pair.id in held]
    left_out = list(find_asked_on_both_sides(train, validation))
    if left_out:
        stage.count("asks what is held out", len(left_out))
    gone = {finding.pair for finding in left_out}
    documents = frozenset(pair.document for pair in validation) if settings.by == "document" else frozenset()
    return Split([pair for pair in train if pair.id not in gone], validation, left_out, documents)


def held_out(pairs: Sequence[Pair], share: float, by: Literal["document", "pair"], seed: int) -> set[str]:
    """Ids of the pairs that are held out.

    Documents (by pair: pairs, those of one conversation together) come in an order that only the seed and their names decide.
    Each in turn is held out if that brings the counts of all kinds, and of all pairs, nearer to the share that is wanted:
    chi-squared, the sum of (held - wanted)² / wanted. So a document that is added shuffles nothing, and moves few others. One
    is held out in any case where there are two and the share is not zero, and one is left to train on.

    Args:
        pairs: the whole dataset.
        share: wanted of every kind, in [0, 0.5).
        by: what stays together.
        seed: another seed holds out others.
    """
    unit_of = {pair.id: pair.document if by == "document" else _conversation(pair) for pair in pairs}
    kinds: dict[str, Counter[str]] = {}
    for pair in pairs:
        kinds.setdefault(unit_of[pair.id], Counter()).update((pair.kind, ALL))
    if share == 0 or len(kinds) < 2:
        return set()
    wanted = {kind: share * rows for kind, rows in _sum(kinds.values()).items()}
    held: Counter[str] = Counter()

    def worse(unit: str) -> float:
        """By how much chi-squared grows if a unit is held out; less than zero is better."""
        return sum(rows * (rows + 2 * (held[kind] - wanted[kind])) / wanted[kind] for kind, rows in kinds[unit].items())

    chosen: set[str] = set()
    order = sorted(kinds, key=lambda unit: content_hash("split", seed, unit))
    for unit in order:
        if worse(unit) < 0 and len(chosen) < len(order) - 1:
            chosen.add(unit)
            held.update(kinds[unit])
    if not chosen:
        chosen.add(min(order, key=worse))
    return {pair.id for pair in pairs if unit_of[pair.id] in chosen}


def _conversation(pair: Pair) -> str:
    """What the exchanges of one conversation have in common: a mail thread's name, or a dialogue's first exchange."""
    if pair.wrote == "person":
        return pair.document
    first_answer = pair.prompt[1].content if len(pair.prompt) > 1 else pair.response
    return content_hash(pair.document, pair.prompt[0].content, first_answer, pair.context)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def find_asked_on_both_sides(train: Sequence[Pair], validation: Sequence[Pair], near: float = SAME) -> Iterable[Finding]:
    """Pairs to train on whose prompt is that of a held-out pair, word for word or nearly.

    The score is the Jaccard similarity of what is asked. What `OFTEN` pairs to train on ask, or more, is no question but
    a form ("Write your journal."), whose answers have each their own subject: it is left alone.

    Args:
        train: what may be left out.
        validation: what is held out.
        near: similarity from which two prompts are one.
    """
    index = NearestIndex(near)
    for number, pair in enumerate(validation):
        index.add(number, asked_of(_prompt(pair)))
    shared = [(pair, *nearest) for pair in train if (nearest := index.find(asked_of(_prompt(pair))))]
    often = Counter(question for _, question, _ in shared)
    for pair, question, similarity in shared:
        if often[question] < OFTEN:
            message = f"asks what is held out: {validation[question].id} asks “{validation[question].instruction}”"
            yield Finding(pair.id, "split", "drop", similarity, message)


def _prompt(pair: Pair) -> str:
    """All that is before the model when it answers: "And then?" is another question in each conversation."""
    return "\n".join([pair.context, *(turn.content for turn in pair.prompt)])
