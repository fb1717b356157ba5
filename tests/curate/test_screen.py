"""What a person may rely on when pairs are screened: planted faults are found with their reason, good rows are left alone."""

import pytest

from curate.model import Document, Pair, Stage, Turn
from curate.screen.broken import find_broken
from curate.screen.duplicates import find_duplicates
from curate.screen.length import find_length
from curate.screen.refusals import find_refusals
from curate.screen.screen import screen
from curate.sources import SourceTexts
from likeness.recipe.screen import Screen

PROSE = (
    "The oven heats from the left, so the loaves on the right get turned twice and the ones on the left get turned once. "
    "I have stopped complaining of it, because an oven that you know is better than an oven that is new."
)


def pair(response: str, instruction: str = "How do you bake?", kind: str = "question_answer", name: str = "a", words=(10, 60)):
    return Pair(name, kind, (Turn("user", instruction),), response, "bread.md", words_asked=words)


@pytest.mark.parametrize(
    ("response", "instruction", "message"),
    [
        ("", "How?", "empty response"),
        (" … ", "How?", "empty response"),
        (PROSE, " ?", "empty instruction"),
        (PROSE[:-30], "How?", "response breaks off"),
    ],
)
def test_a_broken_answer_is_found(response, instruction, message):
    (found,) = find_broken([pair(response, instruction)])
    assert (found.severity, found.check) == ("drop", "broken")
    assert found.message.startswith(message)


@pytest.mark.parametrize(
    "response",
    [
        PROSE,
        "“It is.”",
        "He said: (no).",
        "One < two & three.",
        "Why not?",
        "And so on…",
        "Für Ida — immer —",
        "水は静かだった。",
        "「そうだ」",
        "नदी शांत थी।",
        "لماذا؟",
    ],
)
def test_a_whole_answer_is_left_alone(response):
    assert not list(find_broken([pair(response)]))


def test_what_people_wrote_may_end_as_it_likes():
    for kind in ("own_words", "conversation", "pair"):
        assert not list(find_broken([pair("Yours, Ada", kind=kind)]))


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I can't help with that request.",
        "I’m sorry, but I cannot do this.",
        "I am unable to provide an answer to that.",
        "I cannot assist with writing this.",
        "Unfortunately, I am unable to say.",
        "I apologize, but I must decline.",
        "As an AI language model, I have no oven.",
        "Well, as an AI, I do not bake. But flour helps.",
        "I am a language model made by Anthropic.",
    ],
)
def test_a_refusal_or_assistant_talk_is_found(response):
    (found,) = find_refusals([pair(response)], SourceTexts())
    assert found.severity == "drop"


@pytest.mark.parametrize(
    "response",
    [
        PROSE,
        "I'm sorry that the oven is cold. Light it.",
        "I cannot say that I ever liked the sea, but I lived by it.",
        "I can't answer for other bakers; I only know what the flour tells me.",
        "I cannot help thinking of the bell when the bridge is mentioned.",
        "I cannot write a letter without sharpening the pencil first.",
        "I won't complete a job in the dark. Daylight costs nothing.",
        "He was as an airman should be: calm.",
        "I am unable to swim, and so I look after the boat.",
        "Unfortunately the bridge came, and the ferry went.",
    ],
)
def test_a_person_who_declines_something_in_their_own_voice_is_left_alone(response):
    assert not list(find_refusals([pair(response)], SourceTexts()))


def test_what_the_author_often_writes_is_asked_to_be_surer():
    manual = "This {} example demonstrates a comprehensive overview of the available {}s and ensures consistency.\n\n"
    response = manual.format("lock", "lock").strip()
    alone = find_refusals([pair(response)], SourceTexts())
    own = "".join(manual.format(word, word) for word in ("wheel", "gate", "mill", "oven", "bell", "latch", "pump", "well") * 8)
    beside = find_refusals([pair(response)], SourceTexts({"a.md": Document("a.md", "A", own, "own")}))
    assert [found.reason for found in alone] == ["assistant"] and not list(beside)


def test_responses_far_outside_the_words_asked_for_are_found():
    def found(words: int) -> list[str]:
        return [finding.message.split(":")[0] for finding in find_length([pair("word " * words, words=(40, 100))], slack=0.5)]

    assert found(19) == ["too short"]
    assert found(20) == found(40) == found(100) == found(150) == []
    assert found(151) == ["too long"]


def test_ready_pairs_have_no_length_to_keep():
    assert not list(find_length([pair("Short.", words=None)], slack=0.0))


def test_a_duplicate_is_dropped_and_the_longest_is_kept():
    near = PROSE.replace("complaining of it", "grumbling about it")
    other = "An orchard has forty trees, and one of them is dead; I left it for the woodpecker, who was there before me."
    shouted = PROSE.upper().replace(",", "")
    rows = [pair(PROSE, name="one"), pair(near, name="two"), pair(other, name="three"), pair(shouted, name="four")]
    rows.append(pair(PROSE + " Truly.", name="longest"))
    found = {finding.pair: finding for finding in find_duplicates(rows, near=0.7)}
    assert set(found) == {"one", "two", "four"}
    assert all(finding.severity == "drop" and 0.7 <= finding.score <= 1 for finding in found.values())


def test_short_answers_are_duplicates_only_when_they_are_the_same():
    rows = [pair("Yes, often.", name="a"), pair("yes often", name="b"), pair("Yes, never.", name="c")]
    assert [finding.pair for finding in find_duplicates(rows, near=0.7)] == ["b"]


def test_a_hundred_different_answers_are_all_kept():
    rows = [pair(" ".join(f"word{n * 50 + i}" for i in range(40)) + ".", name=f"p{n}") for n in range(100)]
    assert not list(find_duplicates(rows, near=0.5))


def test_one_of_two_rows_that_are_the_same_to_the_letter_stays():
    """They have one id: a row twice in a file, a mail twice in a box."""
    stage = Stage("screen")
    kept, _ = screen([pair(PROSE, kind="pair"), pair(PROSE, kind="pair")], Screen(), SourceTexts(), stage)
    assert len(kept) == 1
    assert stage.reasons == {"exact duplicate": 1}


def test_every_dropped_pair_is_counted_once_with_its_reason():
    rows = [
        pair(PROSE, name="good"),
        pair("", name="empty"),
        pair("I cannot help with that.", name="refusal"),
        pair("Yes.", name="short"),
        pair(PROSE.lower(), name="twin"),
    ]
    stage = Stage("screen")
    kept, findings = screen(rows, Screen(), SourceTexts(), stage)
    assert [row.id for row in kept] == ["good"]
    assert {finding.pair for finding in findings} == {"empty", "refusal", "short", "twin"}
    assert stage.reasons == {
        "empty response": 1,
        "refusal or assistant talk": 1,
        "too short": 1,
        "exact duplicate": 1,
    }


@pytest.mark.slow
def test_findings_are_the_same_in_one_process_and_in_several(monkeypatch):
    from curate.engine.engine import Here
    from curate.engine.processes import Processes
    from curate.screen import screen as module

    monkeypatch.setattr(module, "AT_ONCE", 20)
    document = Document("a.md", "a", "I keep the key of the tower, and it is cold there in the winter of 1954. " * 30, "own")
    sources = SourceTexts({"a.md": document}, {})
    said = ["As an AI, I cannot help with that request.", "It was built in 1777 by Joan Marsh.", "I keep the key of the tower."]
    pairs = [
        Pair(str(n), "question_answer", (Turn("user", f"What of key {n}?"),), f"{said[n % 3]} Number {n} is cold.", "a.md")
        for n in range(240)
    ]
    made = []
    for engine in (Here(), Processes(3)):
        stage = Stage("screen")
        made.append((screen(pairs, Screen(), sources, stage, {"0"}, engine), stage.reasons))
    assert made[0] == made[1]
    assert made[0][1]["refusal or assistant talk"] > 0 and "0" in {pair.id for pair in made[0][0][0]}
