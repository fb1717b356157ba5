"""What a person may rely on when pairs are held out, and when the recipe caps documents, kinds and terms."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from curate.decisions.outcomes import Reviewed
from curate.model import Contrast, Document, Finding, Pair, Stage, Turn
from curate.screen.shape import kind_mix
from curate.select.balance import balance
from curate.select.split import find_asked_on_both_sides, held_out, split
from curate.sources import SourceTexts
from likeness.recipe import schema

SUBJECTS = (
    "oven", "ferry", "orchard", "clock", "bridge", "flood", "mill", "hive", "kiln", "loom", "forge", "quarry", "barge", "cellar",
)  # fmt: skip


def pair(name: str, document: str = "a.md", kind: str = "question_answer", asked: str = "", said: str = "Dry.", **more) -> Pair:
    return Pair(name, kind, (Turn("user", asked or f"What do you hold of {name}?"),), said, document, **more)


def corpus(dice: random.Random, documents: int) -> list[Pair]:
    """Documents of any length, with as many pairs of each kind as a recipe would ask of them; and mail threads."""
    pairs = []
    for _ in range(documents):
        name = f"{dice.getrandbits(60):x}.md"
        passages = max(1, int(dice.lognormvariate(1.3, 0.7)))
        kinds = Counter(question_answer=2 * passages - dice.randint(0, passages // 2), own_words=passages, essay=1)
        if dice.random() < 0.15:
            kinds = Counter(conversation=dice.randint(1, 12))
        pairs += [pair(f"{name}-{kind}-{n}", name, kind) for kind, rows in kinds.items() for n in range(rows)]
    return pairs


def word(dice: random.Random) -> str:
    return "".join(dice.choices("bdfgklmnprst", k=3)) + dice.choice("aeiou")


def documents_of(pairs: list[Pair], held: set[str]) -> set[str]:
    return {pair.document for pair in pairs if pair.id in held}


# --- by document ---


def test_two_hundred_corpora_keep_documents_whole():
    distances, shares, moves = [], [], []
    for number in range(200):
        dice = random.Random(number)
        pairs = corpus(dice, 40)
        held = held_out(pairs, 0.1, "document", seed=17)
        held_documents = documents_of(pairs, held)
        assert not held_documents & {pair.document for pair in pairs if pair.id not in held}
        counts = Counter(pair.kind for pair in pairs)
        distances.append(kind_mix((pair.kind for pair in pairs if pair.id in held), counts))
        shares.append(len(held) / len(pairs))
        more = pairs + corpus(dice, 1)
        new = {pair.document for pair in more} - {pair.document for pair in pairs}
        moves.append(len((held_documents ^ documents_of(more, held_out(more, 0.1, "document", seed=17))) - new))
    assert min(shares) > 0.08 and max(shares) < 0.16 and sorted(shares)[190] < 0.13
    assert sorted(distances)[100] < 0.08 and sorted(distances)[190] < 0.18, "kinds stray in 5 % of corpora at most"
    assert sum(moves) / 200 < 1 and max(moves) <= 5


def test_the_order_of_pairs_changes_nothing_and_the_seed_everything():
    pairs = corpus(random.Random(1), 40)
    held = held_out(pairs, 0.1, "document", seed=17)
    assert held_out(pairs[::-1], 0.1, "document", seed=17) == held
    assert held_out(pairs, 0.1, "document", seed=18) != held


@pytest.mark.parametrize("share", [0.01, 0.1, 0.49])
def test_of_two_documents_one_is_held_out_however_unlike_they_are(share):
    pairs = [pair(f"long-{n}", "long.md") for n in range(99)] + [pair("short", "short.md", "essay")]
    held = documents_of(pairs, held_out(pairs, share, "document", seed=17))
    assert len(held) == 1
    assert share > 0.4 or held == {"short.md"}


def test_with_one_document_nothing_is_held_out_and_it_is_said():
    sides = split([pair("one"), pair("two")], schema.Split(), Stage("split"))
    assert sides.validation == []
    assert "all pairs come from a.md" in sides.note() and "by: pair" in sides.note()
    assert "only one pair" in split([pair("one")], schema.Split(by="pair"), Stage("split")).note()
    assert split(corpus(random.Random(1), 9), schema.Split(), Stage("split")).note() is None


# --- by pair ---


def test_by_pair_every_kind_gives_its_share():
    pairs = [pair(f"q{n}") for n in range(200)] + [pair(f"e{n}", kind="essay") for n in range(30)]
    held = held_out(pairs, 0.1, "pair", seed=17)
    assert Counter(pair.kind for pair in pairs if pair.id in held) == {"question_answer": 20, "essay": 3}
    for n in range(50):
        more = [*pairs, pair(f"new{n}", kind="essay")]
        assert len((held ^ held_out(more, 0.1, "pair", seed=17)) - {f"new{n}"}) <= 1


def test_by_pair_the_exchanges_of_a_conversation_stay_together():
    pairs = []
    for number in range(40):
        first = pair(f"{number}-0", kind="dialogue", asked=f"Tell me of {number}.", said=f"It is {number}.")
        then = (*first.prompt, Turn("assistant", first.response), Turn("user", "And then?"))
        pairs += [first, replace(first, id=f"{number}-1", prompt=then, response="It ended.")]
        pairs += [pair(f"mail-{number}-{n}", f"sent.mbox#{number}", "conversation", said=f"Yours, {n}") for n in range(2)]
    held = held_out(pairs, 0.2, "pair", seed=17)
    assert len(held) == 32
    whole = Counter(name.rsplit("-", 1)[0] for name in held)
    assert set(whole.values()) == {2}


# --- what is asked on both sides ---


def test_what_asks_what_is_held_out_is_left_out_of_training():
    held = pair("held", "b.md", asked="How do I get an even bake from a crooked oven?")
    reworded = pair("reworded", asked="From a crooked oven, how do I get an even bake?")
    other = pair("other", asked="How do I get a ferry across in a flood?")
    assert [f.pair for f in find_asked_on_both_sides([reworded, other], [held])] == ["reworded"]

    pairs = [held, reworded, other, *(pair(f"{n}", "a.md", asked=f"What of the {name}?") for n, name in enumerate(SUBJECTS))]
    seed = next(s for s in range(99) if held_out(pairs, 0.1, "document", s) == {"held"})
    stage = Stage("split")
    sides = split(pairs, schema.Split(seed=seed), stage)
    assert [pair.id for pair in sides.validation] == ["held"]
    assert "reworded" not in {pair.id for pair in sides.pairs} and len(sides.pairs) == len(pairs) - 1
    assert stage.reasons == {"asks what is held out": 1}
    (finding,) = sides.left_out
    assert (finding.pair, finding.severity) == ("reworded", "drop") and held.instruction in finding.message

    def contrast(name: str, document: str) -> Contrast:
        return Contrast(name, held.prompt, "Yes.", "No.", document, "edited")

    beside = sides.with_contrasts([contrast("reworded", "a.md"), contrast("gone", "b.md"), contrast("other", "a.md")])
    assert {side: [each.pair for each in found] for side, found in beside.items()} == {"train": ["other"], "validation": ["gone"]}


def test_the_same_words_after_other_turns_are_another_question():
    def after(said: str, name: str) -> Pair:
        return pair(name, kind="dialogue", asked=said) if not said else replace(
            pair(name, kind="dialogue"), prompt=(Turn("user", f"Tell me of {said}."), Turn("assistant", "Gladly."), Turn("user", "And then?"))
        )  # fmt: skip

    assert not list(find_asked_on_both_sides([after("the ferry", "one")], [after("the orchard", "two")]))
    grounded = [
        pair(name, kind="grounded", asked="What does it say?", context=f"Of the {name} and the town.") for name in SUBJECTS
    ]
    assert not list(find_asked_on_both_sides(grounded[1:], grounded[:1]))


def test_a_form_that_many_pairs_ask_empties_no_dataset():
    train = [pair(f"{n}", asked="Write a page of your journal.") for n in range(30)]
    assert not list(find_asked_on_both_sides(train, [pair("held", asked="Write a page of your journal.")]))
    assert len(list(find_asked_on_both_sides(train[:4], [pair("held", asked="Write a page of your journal.")]))) == 4


def test_what_the_dataset_has_no_room_for_needs_no_reviewer_any_more():
    reviewed = Reviewed(kept=[pair("a"), pair("b")], awaiting=[pair("c"), pair("d")], disputed=[pair("e")], rejected=[pair("f")])
    reviewed.leave_out({"a", "c", "e"})
    left = (reviewed.kept, reviewed.awaiting, reviewed.disputed, reviewed.rejected)
    assert [[each.id for each in pairs] for pairs in left] == [["b"], ["d"], [], ["f"]]


# --- balance ---


def balanced(pairs: list[Pair], findings: dict[str, list[Finding]] | None = None, sources=None, **caps):
    stage = Stage("balance")
    kept, left_out = balance(pairs, schema.Balance(**caps), findings or {}, 3.0, sources or SourceTexts(), stage)
    assert {finding.pair for finding in left_out} == {pair.id for pair in pairs} - {pair.id for pair in kept}
    assert sum(stage.reasons.values()) == len(left_out) == len(pairs) - len(kept)
    return {pair.id for pair in kept}, stage.reasons, left_out


def test_caps_keep_the_approved_then_those_with_fewest_findings():
    doubt = Finding("", "voice", "warning", 1.0, "not your voice")
    pairs = [pair("doubted"), pair("approved", review="approved"), pair("plain"), pair("twice"), pair("essay", kind="essay")]
    findings = {"doubted": [doubt], "twice": [doubt, doubt], "approved": [doubt] * 3}
    kept, reasons, _ = balanced(pairs, findings, per_kind={"question_answer": 2})
    assert (kept, reasons) == ({"approved", "plain", "essay"}, {"too many of a kind": 2})
    kept, reasons, left_out = balanced([*pairs, pair("alone", "b.md")], findings, per_document=4)
    assert (kept, reasons) == ({"approved", "plain", "essay", "doubted", "alone"}, {"too many of a document": 1})
    assert left_out[0].message == "over the cap of 4 pairs of a.md: 5 there were, and better ones are kept"
    many = [pair(f"{n}") for n in range(50)]
    first = balanced(many, per_document=20)[0]
    assert first == balanced(many[::-1], per_document=20)[0]
    assert len(first ^ balanced([*many, pair("new")], per_document=20)[0]) in (0, 2)
    assert balanced(many)[1:] == ({}, [])


def test_no_term_is_over_its_cap_in_the_end_and_no_more_goes_than_must():
    dice = random.Random(3)
    pairs = []
    for n in range(300):
        said = [word(dice) for _ in range(12)]
        said += ["Slack", "water."] * (dice.random() < 0.4) + ["dry", "rot"] * (dice.random() < 0.3)
        pairs.append(pair(f"{n}", said=" ".join(said)))
    kept, reasons, _ = balanced(pairs, terms={"slack water": 0.2, "dry rot": 0.1, "rot dry": 0.5})
    assert set(reasons) == {"too many with a term"}
    left = [pair.response for pair in pairs if pair.id in kept]
    for term, most in (("Slack water", 0.2), ("dry rot", 0.1)):
        held = sum(term in response for response in left)
        assert most - 0.02 < held / len(left) <= most
    gone = [pair.response for pair in pairs if pair.id not in kept]
    assert gone
    assert all("lack water" in response or "dry rot" in response for response in gone)


def test_auto_caps_what_the_check_on_echoes_finds():
    dice = random.Random(4)
    pairs = [
        pair(f"{n}", said=" ".join(word(dice) for _ in range(20)) + (" copper kettle" if n % 3 == 0 else "")) for n in range(90)
    ]
    text = "\n\n".join(" ".join(word(dice) for _ in range(60)) for _ in range(40))
    sources = SourceTexts({"a.md": Document("a.md", "A", text, "own")})
    kept, reasons, left_out = balanced(pairs, sources=sources, terms={"auto": 0.1})
    held = [p for p in pairs if p.id in kept and "copper kettle" in p.response]
    assert 0 < len(held) <= 0.1 * len(kept) + 1e-9
    assert reasons == {"too many with a term": len(left_out)} and "“copper kettle”" in left_out[0].message


@pytest.mark.parametrize(
    "caps",
    [
        {"per_document": 0},
        {"per_kind": {"esay": 3}},
        {"terms": {"slack water": 1.0}},
        {"terms": {"42": 0.1}},
        {"terms": {"a": 0}},
    ],
)
def test_a_cap_that_makes_no_sense_is_refused(caps):
    with pytest.raises(ValueError, match="validation error"):
        schema.Balance(**caps)
