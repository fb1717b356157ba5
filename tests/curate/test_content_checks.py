"""How often the checks on content are right: precision and recall on labelled rows, hard cases among them.

Each file in planted/ holds rows for one check, `bad` or not; what is known to go wrong is marked `hard` with the reason, and
counts like every other row. `pytest -s tests/curate/test_content_checks.py` prints the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from curate.model import Document, Evidence, Finding, Pair, Turn
from curate.read.passages import cut
from curate.screen.broken import find_broken
from curate.screen.contamination import find_contamination
from curate.screen.contradictions import find_contradictions
from curate.screen.debris import find_debris
from curate.screen.duplicates import find_duplicates
from curate.screen.grounding import find_ungrounded
from curate.screen.injection import find_injection
from curate.screen.language import find_other_language
from curate.screen.length import find_length
from curate.screen.private_data import find_private_data
from curate.screen.refusals import find_refusals
from curate.screen.reworded import find_reworded
from curate.screen.settings.private_data import PrivateDataSettings
from curate.screen.standalone import find_dependent
from curate.sources import SourceTexts
from likeness.metrics.conflicts import contradiction

PLANTED = Path(__file__).with_name("planted")


def sources() -> SourceTexts:
    """A village's writings: bees, a clock, a letter to a teacher."""
    documents = [
        Document(path.name, path.stem, path.read_text(encoding="utf-8"), "own")
        for path in sorted((PLANTED / "documents").glob("*.md"))
    ]
    return SourceTexts({d.path: d for d in documents}, {d.path: cut(d, 700) for d in documents})


SOURCES = sources()
CONTROL = (PLANTED / "control.txt").read_text(encoding="utf-8").splitlines()


def planted(check: str) -> list[tuple[list[Pair], bool]]:
    """A check's rows, each as one pair or as two that are looked at together, and whether there is something to find."""
    rows = map(json.loads, (PLANTED / f"{check}.jsonl").read_text(encoding="utf-8").splitlines())
    made = []
    for number, row in enumerate(rows, 1):
        pairs = [_pair(f"{check}-{number}", row)]
        if "other" in row:
            instruction, response = row["other"]
            pairs.append(_pair(f"{check}-{number}-other", row | {"instruction": instruction, "response": response}))
        made.append((pairs, row["bad"]))
    return made


def _pair(name: str, row: dict) -> Pair:
    path = row.get("document", "hives.md")
    text = SOURCES.documents[path].text
    evidence = Evidence(path, 0, len(text), text)
    words = tuple(row["words"]) if "words" in row else None
    asked = (Turn("user", row["instruction"]),)
    return Pair(name, row.get("kind", "question_answer"), asked, row["response"], path, evidence, words_asked=words)


Check = Callable[[list[Pair]], Iterable[Finding]]
CHECKS: dict[str, tuple[Check, float, float]] = {
    "grounding": (lambda pairs: find_ungrounded(pairs, SOURCES), 0.85, 0.85),
    "private_data": (lambda pairs: find_private_data(pairs, PrivateDataSettings(names=["Emmet Sloane"])), 0.95, 0.85),
    "contamination": (lambda pairs: find_contamination(pairs, CONTROL), 0.95, 0.85),
    "standalone": (lambda pairs: find_dependent(pairs, SOURCES), 0.85, 0.85),
    "debris": (lambda pairs: find_debris(pairs, SOURCES), 0.95, 0.95),
    "language": (lambda pairs: find_other_language(pairs, SOURCES), 0.95, 0.9),
    "refusals": (lambda pairs: find_refusals(pairs, SOURCES), 0.95, 0.85),
    "injection": (lambda pairs: find_injection(pairs, SOURCES), 0.9, 0.85),
    "reworded": (lambda pairs: find_reworded(pairs, "flag"), 0.9, 0.9),
    "contradictions": (lambda pairs: find_contradictions(pairs), 0.9, 0.9),
}
"""The check, and the least precision and recall that it must reach."""


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_finds_what_it_must_and_leaves_alone_what_it_must(check: str):
    find, precision_asked, recall_asked = CHECKS[check]
    rows = planted(check)
    if check == "contradictions":  # the rows ask alike: each is looked at by itself
        findings = [finding for pairs, _ in rows for finding in find(pairs)]
    else:
        findings = list(find([pair for pairs, _ in rows for pair in pairs]))
    found = {finding.pair.removesuffix("-other") for finding in findings}
    bad = {pairs[0].id for pairs, is_bad in rows if is_bad}
    precision, recall = len(found & bad) / len(found), len(found & bad) / len(bad)
    print(f"\n| {check} | {len(bad)} bad, {len(rows) - len(bad)} good | precision {precision:.2f} | recall {recall:.2f} |")
    for (pair, *_), is_bad in rows:
        if is_bad != (pair.id in found):
            print(f"  {'missed' if is_bad else 'false alarm'}: {pair.instruction} | {pair.response}")
    assert len(bad) >= 20 and len(rows) - len(bad) >= 20
    assert precision >= precision_asked and recall >= recall_asked
    assert {finding.pair for finding in findings if finding.severity == "drop"} <= bad, "a good row would be dropped"
    by_id = {pair.id: pair for pairs, _ in rows for pair in pairs}
    for finding in findings:
        assert finding.message
        if finding.span:
            side = getattr(by_id[finding.pair], finding.span.part)
            assert 0 <= finding.span.start < finding.span.end <= len(side)


@pytest.mark.parametrize("check", ["broken", "length", "duplicates"])
def test_rows_that_show_a_simple_check_are_found_or_left_alone_as_told(check: str):
    """The docs show them."""
    finders: dict[str, Check] = {
        "broken": find_broken,
        "length": lambda pairs: find_length(pairs, 0.25),
        "duplicates": lambda pairs: find_duplicates(pairs, near=0.7),
    }
    rows = planted(check)
    found = [bool(list(finders[check](pairs))) for pairs, _ in rows]
    assert len(rows) >= 4
    assert found == [is_bad for _, is_bad in rows]


def test_answers_that_cannot_both_be_true_in_four_languages():
    """Rows of contradicting.txt: bad or good | question | an answer | another."""
    rows = [line.split("|") for line in (PLANTED / "contradicting.txt").read_text(encoding="utf-8").splitlines()]
    bad = {tuple(row[1:]) for row in rows if row[0] == "bad"}
    found = {(question, one, other) for _, question, one, other in rows if contradiction(one, other, question)}
    swapped = {(question, one, other) for _, question, one, other in rows if contradiction(other, one, question)}
    assert min(len(bad), len(rows) - len(bad)) >= 45
    for each in (found, swapped):
        assert len(each & bad) >= 0.9 * len(each), each - bad
        assert len(each & bad) >= 0.9 * len(bad), bad - each


def test_near_duplicates_among_the_demos_answers_are_found_alone():
    """Of forty recorded answers each gets an edited copy: half of them edited lightly, half so heavily that they are other texts."""
    files = sorted((Path(__file__).parents[2] / "recipes/demo/recorded").glob("*.jsonl"))
    recordings = [json.loads(line) for file in files if file.stem != "flawed" for line in file.read_text("utf-8").splitlines()]
    texts = [recording["response"] for recording in recordings if recording["kind"] == "question_answer"][::4][:40]
    edited = [_lightly(n, text) if n < 20 else _heavily(text) for n, text in enumerate(texts)]
    pairs = [_plain(f"{n}-{side}", text) for side, rows in enumerate((texts, edited)) for n, text in enumerate(rows)]
    found = {int(finding.pair.split("-")[0]) for finding in find_duplicates(pairs, near=0.7)}  # of each two, one goes
    precision, recall = sum(n < 20 for n in found) / len(found), sum(n < 20 for n in found) / 20
    print(f"\n| duplicates | 20 bad, 20 good | precision {precision:.2f} | recall {recall:.2f} |")
    assert len(texts) == 40
    assert precision >= 0.95 and recall >= 0.9


def _lightly(number: int, text: str) -> str:
    """Other marks and capitals; the first sentence last; two words exchanged; the last sentence gone."""
    sentences, words = text.split(". "), text.split()
    match number % 4:
        case 0:
            return text.replace(",", ";").upper()
        case 1:
            return ". ".join([*sentences[1:], sentences[0]])
        case 2:
            return " ".join("truly" if at in (10, 40) else word for at, word in enumerate(words))
        case _:
            return ". ".join(sentences[:-1]) + "."


def _heavily(text: str) -> str:
    """Every third word another one."""
    return " ".join(word if at % 3 else "something" for at, word in enumerate(text.split()))


def _plain(name: str, response: str) -> Pair:
    return Pair(name, "question_answer", (Turn("user", "What of it?"),), response, "hives.md")
