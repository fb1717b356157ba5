"""Checks on technical prose that nobody of us wrote: the descriptions of installed packages. Findings there are false alarms."""

import re
from importlib.metadata import distributions

import pytest

from curate.check import Given, check_named
from curate.model import Document, Pair, Turn
from curate.sources import SourceTexts
from likeness.recipe.screen import Screen

MOST = {"refusals": 0.02, "injection": 0.03, "debris": 0.08, "private_data": 0.02, "mannerisms": 0.02, "language": 0.02}
"""Share of paragraphs that may be found."""


def paragraphs() -> dict[str, list[str]]:
    """Plain paragraphs by package."""
    found: dict[str, list[str]] = {}
    for package in distributions():
        text = package.read_text("METADATA") or ""
        for part in re.split(r"\n\n+", text.partition("\n\n")[2]):
            plain = " ".join(part.split())
            marked = (
                part.startswith((" ", "\t", "`", "|", ">", ".", "#", "-", "*", "[", ":", "<")) or "](" in part or "**" in part
            )
            if not marked and 150 < len(plain) < 900 and plain.endswith("."):
                found.setdefault(package.name, []).append(plain)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("check", MOST)
def test_technical_prose_raises_few_alarms(check):
    known = paragraphs()
    written = {f"{name}.md": Document(f"{name}.md", name, "\n\n".join(parts[::2]), "own") for name, parts in known.items()}
    answers = [part for parts in known.values() for part in parts[1::2]]
    pairs = [
        Pair(str(n), "question_answer", (Turn("user", "How is it used?"),), text, "a.md", None) for n, text in enumerate(answers)
    ]
    assert len(pairs) > 150
    found = {finding.pair for finding in check_named(check).find(Given(pairs, SourceTexts(written), Screen()))}
    told = [answers[int(pair)][:80] for pair in sorted(found, key=int)[:5]]
    assert len(found) <= MOST[check] * len(pairs), (len(found), len(pairs), told)
