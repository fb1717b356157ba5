"""Languages: told apart by small words, and checks that skip what they do not cover, counted."""

import json

import pytest

from curate.check import checks
from curate.model import Document, Pair, Stage, Turn
from curate.screen.echo import like_long
from curate.screen.screen import screen
from curate.screen.train_classifiers import LEARNT, MODELS
from curate.sources import SourceTexts
from likeness.metrics.languages import language_of, languages_of
from likeness.metrics.text import count_words
from likeness.recipe.screen import Screen

POLISH = "Ramkę naprawia się zimą, przy piecu, kiedy nikt nie patrzy i nie mówi, że szybciej kupić nową."


@pytest.mark.parametrize("name", LEARNT)
def test_a_sentence_is_almost_never_taken_for_another_language(name):
    """On the sentences that the classifiers learn from, each labelled with its language."""
    rows = [json.loads(line) for line in (MODELS / f"{name}-rows.jsonl").read_text(encoding="utf-8").splitlines()]
    known = [(row["language"], said) for row in rows if (said := language_of(row["text"]))]
    assert len(known) >= 0.75 * len(rows)
    assert sum(language != said for language, said in known) <= 0.01 * len(known)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今日は朝から雨が降っていて、蜂はみんな家にいます。", "ja"),
        ("我觉得这个问题没有答案，明天再说吧。", "zh"),
        ("Пчёлы помнят того, кто с ними говорил.", "ru"),
        (POLISH, "pl"),
        ("De klok is gemaakt door een man die zelf nooit op tijd was.", "nl"),
        ("Skeps, veils, smokers, frames, queen cages", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_its_script_or_its_small_words(text, language):
    assert language_of(text) == language


def test_an_author_of_two_languages_has_both():
    english = "I keep the key of the tower and it is cold there in the winter."
    german = "Ich habe den Schlüssel und es ist dort im Winter sehr kalt für alle."
    assert languages_of([english] * 4 + [german] * 2) == {"en", "de"}
    assert languages_of([english] * 40 + [german]) == {"en"}


def test_what_a_check_does_not_cover_is_skipped_and_counted():
    rows = [Pair(str(n), "pair", (Turn("user", POLISH),), f"{POLISH} {n}", "a.jsonl") for n in range(3)]
    rows.append(
        Pair("en", "pair", (Turn("user", "How is it?"),), "It is as cold in the tower as it was in the winter.", "a.jsonl")
    )
    stage = Stage("screen")
    screen(rows, Screen(), SourceTexts(), stage)
    covered = {check.name for check in checks() if check.languages and "pl" not in check.languages}
    assert {"refusals", "injection", "standalone"} <= covered
    assert set(stage.skipped) <= covered and stage.skipped["refusals"] == {"Polish": 3}
    assert "refusals: skipped for 3 rows in Polish" in stage.skipped_in_words()
    assert Stage(**stage.as_dict()) == stage


def test_windows_of_chinese_are_as_long_as_the_answers():
    document = Document("a.md", "a", "我在第一个冬天种下了那棵梨树。" * 40, "own")
    windows = list(like_long(SourceTexts({"a.md": document}), ["我不知道这个问题。", "梨树在冬天很冷。"]))
    assert len(windows) > 50
    assert {count_words(window) for window in windows} <= {7, 8}
