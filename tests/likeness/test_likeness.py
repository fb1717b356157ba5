"""Likeness: it rises towards the author, not towards any essayist, overshoots for a caricature, and admits what it cannot tell."""

import json
import random
import re
from pathlib import Path

import pytest

from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.style import StyleFeatures, masked, stretches_of

ROOT = Path(__file__).parents[2]
KEEPER = [
    re.sub(r"^---.*?---", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for path in sorted((ROOT / "recipes/demo/documents").rglob("*.*"))
    if path.suffix in (".md", ".txt")
]
BASE = [
    row["response"] for line in (ROOT / "train/tiny_text.jsonl").open(encoding="utf-8") if "response" in (row := json.loads(line))
]


@pytest.fixture(scope="module")
def keeper() -> LikenessProfile:
    """The demo's keeper, without every fourth document."""
    return LikenessProfile.of([text for number, text in enumerate(KEEPER) if number % 4])


def held_out() -> list[str]:
    return [piece for text in KEEPER[::4] for piece in stretches_of(text)]


def test_the_base_is_0_and_the_held_out_writing_is_about_100(keeper: LikenessProfile) -> None:
    base = keeper.measure(BASE[:60], BASE[:60])
    assert base.value == 0 and base.low == base.high == 0
    own = keeper.measure(held_out(), BASE, paired=False)
    assert own.value is not None and own.low is not None and own.high is not None
    assert own.low <= 100 <= own.high and own.value > 60, own


def test_it_rises_with_the_share_of_answers_that_are_the_author_s(keeper: LikenessProfile) -> None:
    own, base = held_out(), BASE[: len(held_out())]
    values = []
    for share in (0.0, 0.5, 1.0):
        cut = round(share * len(own))
        values.append(keeper.measure([*own[:cut], *base[cut:]], base).value)
    assert values == sorted(values) and values[0] == 0 and values[2] - values[1] > 5, values


def test_another_half_of_the_base_s_answers_is_no_nearer(keeper: LikenessProfile) -> None:
    found = keeper.measure(BASE[::2], BASE[1::2], paired=False)
    assert found.low is not None and found.high is not None
    assert found.low <= 0 <= found.high and abs(found.value or 0) < 15, found


def test_other_authors_score_below_the_author(keeper: LikenessProfile) -> None:
    base = keeper.features.count(BASE)
    own = keeper.measure_counted(keeper.features.count(held_out()), base, paired=False)
    panel = keeper.panel_likeness(base)
    assert len(panel) == 8 and max(panel.values()) < (own.value or 0), (own, panel)
    assert next(iter(keeper.nearest_voices(keeper.features.count(held_out())))) == "the author"


def test_words_in_another_order_are_not_the_author(keeper: LikenessProfile) -> None:
    shuffled = []
    for text in held_out():
        words = text.split()
        random.Random(3).shuffle(words)
        shuffled.append(" ".join(words))
    own, mixed = (keeper.measure(texts, BASE, paired=False) for texts in (held_out(), shuffled))
    assert mixed.value is not None and own.low is not None and mixed.value < own.low, (mixed, own)


def test_overdone_habits_are_a_caricature(keeper: LikenessProfile) -> None:
    """The base's answers moved one and a half times as far as the author is from it."""
    base = keeper.features.count(BASE[:80])
    author = keeper.features.count(held_out())
    rate = author.counts.sum(0) / author.sizes.sum(0)[keeper.features.block_of]
    base_rate = base.counts.sum(0) / base.sizes.sum(0)[keeper.features.block_of]
    size = base.sizes[:, keeper.features.block_of]
    for times, caricature in ((0.8, False), (1.6, True)):
        overdone = type(base)(base.counts + size * times * (rate - base_rate), base.sizes)
        found = keeper.measure_counted(overdone, base)
        assert found.is_caricature is caricature, (times, found)
        assert ("caricature" in str(found)) is caricature


def test_too_little_text_is_said_beforehand(keeper: LikenessProfile) -> None:
    little = LikenessProfile.of(KEEPER[:1])
    assert not little.enough.enough and "too little text" in str(little.enough)
    assert little.measure(BASE[:20], BASE[:20]).value is None
    assert keeper.enough.enough and "tell them from other authors" in str(keeper.enough)
    few = keeper.measure(BASE[:2], BASE[:2])
    assert few.value is None and "2 answers" in few.why_not


def test_the_profile_travels_as_numbers_without_a_sentence(keeper: LikenessProfile) -> None:
    text = keeper.to_json()
    again = LikenessProfile.from_json(text)
    assert again.measure(held_out(), BASE, paired=False) == keeper.measure(held_out(), BASE, paired=False)
    for word in ("apprentice", "lock-keeper", "Pellow", "Hallow", "gates"):
        assert word.casefold() not in text.casefold(), word
    with pytest.raises(ValueError, match="another version"):
        LikenessProfile.from_json(json.dumps({"format": 0}))


def test_topic_is_masked_and_grammar_stays() -> None:
    kept = StyleFeatures.of(["The gate was shut and it was the end of that day for us all."]).kept
    one, other = "The gate was opened slowly by the keeper.", "The bread was sliced thinly by the baker."
    assert masked(one, kept) == "the ** was **ed **ly by the **er."
    assert "gate" not in masked(one, kept) and "bread" not in masked(other, kept)
