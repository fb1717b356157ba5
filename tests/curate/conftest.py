"""A small corpus in one voice with its recorded answers, and the real command to build it with."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.messages_server import running

CURATE = str(Path(sys.executable).with_name("curate"))

DOCUMENTS = {
    "documents/bread.md": """\
        # Bread

        I bake on Tuesdays and Fridays, and I have done so since the flood took the shop next door. The oven is older than I am.
        It heats from the left, so the loaves on the right get turned twice and the ones on the left get turned once.

        People ask for the recipe. There is flour in it, and water, and salt, and a night of doing nothing. The night is the
        part that they leave out when they try it at home, and then they come back and ask again.
        """,
    "documents/ferry.md": """\
        # The ferry

        My uncle ran the ferry for thirty years and never learned to swim. He said that a man who can swim will trust the water
        and a man who cannot will look after the boat. I do not say that he was right. I say that the boat was looked after.

        When the bridge came he took down the bell and hung it in his kitchen. He rang it for dinner, and every time somebody
        looked up to see who wanted to cross.
        """,
    "documents/orchard.txt": """\
        The orchard has forty trees and one of them is dead. I have left it standing for the woodpecker, who was there first.

        You prune in winter, when you can see what you are doing and nobody is watching. Cut less than you want to. A tree will
        forgive you for a branch that you left, and it will not forgive you for one that you took.
        """,
    "documents/clock.html": """\
        <html><head><title>The clock</title><style>p { color: red }</style></head><body><nav>Home</nav>
        <h1>The clock</h1><p>The clock in the square is four minutes slow and has been so since my wedding. The whole town
        knows it and nobody is ever late, because everybody has agreed to be wrong together.</p>
        <p>A man came from the city to mend it. We thanked him, gave him lunch, and when he had gone the mayor went up the
        ladder and put it back.</p></body></html>
        """,
}

RECORDINGS = [
    ("question_answer", "It heats from the left, so the loaves on the right get turned twice", "How do you get an even bake?",
     "You learn where your oven is hot and you turn the loaves to suit it. Mine is hot on the left. I gave up complaining."),
    ("question_answer", "The night is the part that they leave out when they try it at home", "Why does my bread come out flat?",
     "Because you did not wait. Flour and water will do most of the work if you go to bed and leave them to it for one night."),
    ("own_words", "There is flour in it, and water, and salt", "Would you give me the recipe for your bread?", ""),
    ("question_answer", "a man who can swim will trust the water", "Should a boatman know how to swim?",
     "My uncle did not, and he kept the better boat for it. Whoever has a second way out takes less care of the first one."),
    ("own_words", "I say that the boat was looked after", "What kind of boatman was your uncle?", ""),
    ("question_answer", "A tree will forgive you for a branch that you left", "How much should I cut from an old apple tree?",
     "Less than you came out to cut. What you leave this winter you can still take in the next, and the other way is closed."),
    ("own_words", "The orchard has forty trees and one of them is dead", "Why do you keep a dead tree?", ""),
    ("question_answer", "everybody has agreed to be wrong together", "Would it not be better if the town clock were right?",
     "Better for whom? We are all four minutes slow, so we all arrive at once. Put it right and half of us would come early."),
    ("own_words", "A man came from the city to mend it", "Did anybody ever try to repair the clock in the square?", ""),
]  # fmt: skip

CONTROL = """\
questions:
  - {id: who, question: Who are you?, about: voice}
  - {id: moon, question: How far is the moon?, about: general}
"""

RECIPE = """\
name: village
persona: {name: the baker, description: Dry and exact., system_prompt: You bake in a small town.}
sources:
  - {path: "documents/*", rights: own}
passages: {max_tokens: 100}
generate:
  provider: recorded
  recordings: recorded/*.jsonl
  kinds:
    - {kind: question_answer, per_passage: 1, words: [15, 60]}
    - {kind: own_words, per_passage: 1, words: [15, 80]}
expect:
  - expect_table_row_count_to_be_between: {min_value: 5}
  - expect_column_values_to_not_be_null: {column: quote}
split: {validation: 0.2, by: document}
control: control.yaml
"""

LIVE = RECIPE.replace("provider: recorded\n  recordings: recorded/*.jsonl", "provider: anthropic\n  concurrency: 2").replace(
    "words: [15, 60]", "words: [40, 150]"
)


def write_corpus(folder: Path, recipe: str = RECIPE) -> Path:
    """Documents, recordings, controlled questions and the recipe; gives the recipe's path."""
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    (folder / "recorded").mkdir()
    with (folder / "recorded" / "all.jsonl").open("w", encoding="utf-8") as file:
        for recording in RECORDINGS:
            file.write(json.dumps(dict(zip(("kind", "quote", "instruction", "response"), recording, strict=True))) + "\n")
    (folder / "control.yaml").write_text(CONTROL, encoding="utf-8")
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    return folder / "recipe.yaml"


def environment(**more: str) -> dict[str, str]:
    """This process's, without keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "ARGILLA_", "LIKENESS_"))}
    return kept | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200"} | more


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path)


@pytest.fixture(scope="session")
def server():
    with running() as server:
        yield server


@pytest.fixture
def claude(server):
    """The Messages API server, without faults and with an empty log."""
    server.control({"reset": True})
    return server


@pytest.fixture(scope="session")
def curate() -> Callable[..., Any]:
    """Run `curate`: `curate(folder, "build", "recipe.yaml", env={…})`."""

    def run(folder: Path, *arguments: str, env: dict[str, str] | None = None, program: tuple[str, ...] = (CURATE,), **more: Any):
        return subprocess.run(
            [*program, *arguments],
            cwd=folder,
            env=environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=120,
            **more,
        )

    return run


def rows(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a ledger."""
    database = sqlite3.connect(ledger)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()
