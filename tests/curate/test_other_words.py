"""What the checks make of questions that are asked again in other words, of habits in four languages and of small sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate.model import Document, Pair, Turn
from curate.screen.contamination import find_contamination
from curate.screen.contradictions import find_contradictions
from curate.screen.echo import find_echo
from curate.screen.mannerisms import find_mannerisms
from curate.screen.reworded import find_reworded
from curate.sources import SourceTexts

PLANTED = Path(__file__).with_name("planted")


def rows(name: str) -> list[list[str]]:
    """Rows of a planted file: bad or good, then its fields."""
    return [line.split("|") for line in (PLANTED / name).read_text(encoding="utf-8").splitlines()]


def pair(name: str, instruction: str, response: str) -> Pair:
    return Pair(name, "question_answer", (Turn("user", instruction),), response, "d.md")


def sources_of(text: str) -> SourceTexts:
    return SourceTexts({"d.md": Document("d.md", "", text, "own")})


def precision_and_recall(judged: list[tuple[bool, bool]]) -> tuple[float, float]:
    """Of rows that are bad or not, and found or not."""
    right = sum(bad and found for bad, found in judged)
    assert min(sum(bad for bad, _ in judged), sum(not bad for bad, _ in judged)) >= 18
    return right / sum(found for _, found in judged), right / sum(bad for bad, _ in judged)


def test_contradictions_between_questions_in_other_words_are_found():
    """Each row: bad or good | a question | its answer | a question | its answer."""
    judged = [
        (label == "bad", bool(list(find_contradictions([pair("a", *fields[:2]), pair("b", *fields[2:])]))))
        for label, *fields in rows("asked_again.txt")
    ]
    precision, recall = precision_and_recall(judged)
    assert precision >= 0.95 and recall >= 0.9


def test_controlled_questions_in_other_words_are_found():
    """Each row: bad or good | an instruction | a controlled question."""
    judged = [
        (label == "bad", bool(list(find_contamination([pair("a", instruction, "I do as I always did.")], [control]))))
        for label, instruction, control, *_ in rows("controlled.txt")
    ]
    precision, recall = precision_and_recall(judged)
    assert precision >= 0.9 and recall >= 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("May I sign the form?", "Must I sign the form?"),
        ("What is the worst book of the year?", "What is the best book of the year?"),
        ("Why did you start smoking again?", "Why did you start smoking?"),
        ("Seit wann arbeitest du dort?", "Bis wann arbeitest du dort?"),
        ("How do I move data from Notion?", "How do I export users?"),
    ],
)
def test_a_question_that_one_small_word_turns_is_another(one, other):
    assert not list(find_contamination([pair("a", one, "Slowly.")], [other]))


def test_a_controlled_question_in_other_words_is_for_a_person_to_judge():
    control = "How do I undo a migration that failed?"
    (same,) = find_contamination([pair("a", control, "Run it backwards.")], [control])
    (reworded,) = find_contamination([pair("a", "Which steps roll back a failed migration?", "Run it backwards.")], [control])
    assert (same.severity, reworded.severity) == ("drop", "warning")


def test_habits_are_found_in_four_languages():
    """Each row: bad or good | language | a response."""
    own = {
        "en": "I walked to the mill and back, and the wheel was still. Nobody had greased it since the frost. ",
        "de": "Ich ging zur Mühle und zurück, und das Rad stand still. Niemand hatte es seit dem Frost geschmiert. ",
        "fr": "Je suis allé au moulin, et la roue ne tournait plus. Personne ne l'avait graissée depuis le gel. ",
        "es": "Fui al molino y volví, y la rueda estaba quieta. Nadie la había engrasado desde la helada. ",
    }
    authors = {language: sources_of(text * 120) for language, text in own.items()}
    judged = [
        (label == "bad", bool(list(find_mannerisms([pair("a", "?", response)], 3.0, authors[language]))))
        for label, language, response in rows("habits.txt")
    ]
    precision, recall = precision_and_recall(judged)
    assert precision >= 0.9 and recall >= 0.8


def test_two_answers_that_share_one_subject_are_no_rewording():
    loaf = "I knock on the bottom of the loaf, and where it sounds hollow it is done; a dull sound means five more minutes."
    same = "Tap the bottom of the loaf: if it sounds hollow, it is done, and if the sound is dull, give it five minutes more."
    other = "I keep the loaf in a linen bag, cut side down, and never in the fridge, where it dries within the day."
    found = {f.pair for f in find_reworded([pair("a", "When is it done?", loaf), pair("b", "How do you know?", same)], "flag")}
    assert len(found) == 1
    assert not list(find_reworded([pair("a", "When is it done?", loaf), pair("c", "How is it kept?", other)], "flag"))


OPENINGS = (
    "Rain came|Snow fell|Wind rose|Ice broke|Fog lay|Hail beat|Sun burnt|Frost bit|Dust blew|Mud ran|Tide sank|Sleet hid".split(
        "|"
    )
)


def test_an_echo_is_found_in_a_dozen_answers():
    echoing = [pair(str(n), "?", f"{'Here is the thing. ' * (n % 2)}{each} over the yard.") for n, each in enumerate(OPENINGS)]
    own = sources_of("We ate late. The lamp was lit. Nobody spoke of it. The boat lay low in the water all week. " * 6)
    assert list(find_echo(echoing, 0.15, 3.0, own))


def test_what_every_letter_of_the_author_ends_with_is_no_echo():
    letter = "Dear Ann,\n\nThe gate is mended and the cat is back.\n\nYours from the lock, Tom"
    own = sources_of("\n\n".join([letter.replace("gate", each) for each in ("roof", "boat", "pump", "door", "well", "cart")]))
    answers = [pair(str(n), "?", f"{each} hard this week.\n\nYours from the lock, Tom") for n, each in enumerate(OPENINGS)]
    assert not [finding for finding in find_echo(answers, 0.15, 3.0, own) if "yours from" in finding.message]
