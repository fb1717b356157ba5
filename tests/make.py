"""What tests make: a recipe folder with its documents and recorded answers, a tiny base model, a dataset, and calls of the commands."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from likeness.sums import FILES, table_sums
from tests import warm

BIN = Path(sys.executable).parent
CURATE = str(BIN / "curate")
CHROMIUM = "/usr/bin/chromium"

# --- calling the commands ---


def environment(**more: str) -> dict[str, str]:
    """This process's, without keys and without a display: no browser is opened."""
    foreign = ("ANTHROPIC_", "ARGILLA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        kept.pop(name, None)
    return kept | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200"} | more


LOOKED_AT_FIRST = ("HF_", "LD_", "OMP_", "PYTHON", "TRANSFORMERS_", "MPL", "PATH")
"""Variables that are looked at when a program or its libraries are loaded."""
LONGEST_CALL = 400
"""Seconds."""


def call(
    program: str | tuple[str, ...],
    folder: Path,
    *arguments: str,
    code: int | None = 0,
    env: dict[str, str] | None = None,
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """Call `curate` or `train` in a folder. The exit code must be `code`; a traceback is shown only where `--debug` asks for it.

    Args:
        program: the command's name; or a program with its first arguments.
        folder: to call it in.
        arguments: of the command.
        code: the exit code that the command must end with; None for any.
        env: variables of the environment to add.
        more: what `subprocess.run` takes.
    """
    words, variables = [*map(str, arguments)], environment(**env or {})
    if isinstance(program, str) and not more and not any(name.startswith(LOOKED_AT_FIRST) for name in env or {}):
        done = warm.call(program, words, folder, variables, LONGEST_CALL)
    else:
        command = (str(BIN / program),) if isinstance(program, str) else program
        done = subprocess.run(
            [*command, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=LONGEST_CALL, **more
        )
    said = f"{program} {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    assert code is None or done.returncode == code, said
    assert "--debug" in arguments or "Traceback" not in done.stderr + done.stdout, said
    return done


def json_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object that a command prints with `--json`."""
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def one_message(done: subprocess.CompletedProcess[str]) -> str:
    """The one message of a failed command."""
    assert done.returncode != 0
    assert "fault in the program" not in done.stderr
    assert done.stderr.count("error: ") == 1
    return done.stderr[done.stderr.index("error: ") :]


def change(path: Path, old: str, new: str) -> None:
    """Replace a text in a file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- recipes ---


def keys_of(model: Any, path: str = "") -> Iterator[str]:
    """Every key of a section of the recipe, with its path."""
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        inner = list(models_in(field.annotation))
        for each in inner:
            yield from keys_of(each, f"{key}.")
        if not inner:
            yield key


def models_in(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for each in get_args(annotation):
        yield from models_in(each)


# --- a village: four documents in one voice, and answers recorded for them ---

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


def rows(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a ledger."""
    database = sqlite3.connect(ledger)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


# --- a house: the starter recipe, built and trained by the real commands ---

QUICK = """
train:
  base_model: builtin:tiny
  sft: {epochs: 2, learning_rate: 2.0e-3, batch_size: 4}
evaluate: {samples: 0, strengths: []}
"""


@dataclass(frozen=True)
class House:
    """A folder with a starter recipe in it, and the commands called there."""

    folder: Path
    recipe: str = "kitchen/recipe.yaml"

    def call(self, command: str, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Call `curate` or `train`; the exit code must be `code`, and nothing may show a traceback."""
        return call(command, self.folder, *arguments, code=code, env=environment)

    def json(self, command: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The one JSON object of a command called with `--json`."""
        result: dict[str, Any] = json.loads(self.call(command, *arguments, "--json", code=code).stdout)
        return result

    def write(self, name: str, text: str) -> str:
        """A recipe over the starter: its name, and what it says beneath."""
        path = self.folder / f"{name}.yaml"
        path.write_text(f"extends: {self.recipe}\nname: {name}\n{text}", encoding="utf-8")
        return path.name


def make_house(folder: Path) -> House:
    """A house with the starter in it, quick to train."""
    house = House(folder)
    house.call("curate", "init", "kitchen")
    recipe = folder / house.recipe
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text[: text.index("train:")] + QUICK + text[text.index("export:") :], encoding="utf-8")
    return house


# --- tiny base models, and datasets without a build ---

SYSTEM = "You keep a lock and answer plainly."
SAID = {
    "When do you wait?": "When the water does. I wait with it, and it is never long.",
    "Who taught you?": "The old keeper. He said little and leaned on the gate.",
    "Is slack water long?": "Long enough to lean. Nobody has ever hurried it.",
    "What is a rule for?": "For the day when you are tired and the boat is large.",
    "Do you like company?": "On Sundays. The other days have the geese in them.",
    "What did you count today?": "Eleven boats, four of them twice, and one dog.",
}


def tiny_base(folder: Path, tokenizer: Any, family: str = "Llama", **config: Any) -> Path:
    """A model of two layers with random weights and this tokenizer.

    Args:
        folder: to save it to.
        tokenizer: with its chat template.
        family: of transformers, such as Llama or Qwen2.
        config: what is to be otherwise.
    """
    import torch
    import transformers

    torch.manual_seed(0)
    shape = {
        "vocab_size": (len(tokenizer) + 63) // 64 * 64,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **config,
    }
    made = getattr(transformers, f"{family}TextConfig", getattr(transformers, f"{family}Config", None))(**shape)
    model = getattr(transformers, f"{family}ForCausalLM")(made)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.06)
    model.generation_config = transformers.GenerationConfig(eos_token_id=tokenizer.eos_token_id)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_dataset(build: Path, turns: list[list[dict[str, str]]] | None = None) -> Path:
    """A dataset as `curate build` publishes it, of single questions or of the conversations given."""
    chats = turns or [
        [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
        for question, answer in SAID.items()
    ]
    rows = [{"id": f"row-{number}", "prompt": chat[:-1], "completion": chat[-1:]} for number, chat in enumerate(chats)]
    folder = build / "dataset" / "001-made"
    (folder / "sft").mkdir(parents=True)
    (folder / "control").mkdir()
    pq.write_table(pa.Table.from_pylist(rows[:-1]), folder / "sft" / "train.parquet")
    pq.write_table(pa.Table.from_pylist(rows[-1:]), folder / "sft" / "validation.parquet")
    asked = [{"prompt": chats[0][:-1], "id": "wait", "about": "voice"}]
    pq.write_table(pa.Table.from_pylist(asked), folder / "control" / "test.parquet")
    facts = {"version": "001-made", "fingerprint": "f" * 64, "created_at": "2026-11-26T10:00:00+00:00"}
    (folder / "manifest.json").write_text(json.dumps(facts | {FILES: table_sums(folder)}))
    (folder.parent / "latest").write_text("001-made\n")
    return folder


def put_rows(table: pa.Table, file: Path) -> None:
    """Give a dataset other rows, and its manifest their sums: as if they had been built."""
    dataset = file.parents[1]
    file.parent.mkdir(exist_ok=True)
    pq.write_table(table, file)
    manifest = dataset / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(facts | {FILES: table_sums(dataset)}), encoding="utf-8")


def write_recipe(
    folder: Path, base: Path | str, *, name: str = "lock", train: str = "", export: str = "", extends: str = ""
) -> Path:
    """A recipe that trains `base` on the dataset of `write_dataset`, which is made beside it.

    Args:
        folder: to write it to.
        base: the base model's folder.
        name: the recipe's.
        train: more lines of its `train`, in YAML's flow style.
        export: more lines of its `export`.
        extends: a recipe beneath it.
    """
    path = folder / f"{name}.yaml"
    path.write_text(
        (f"extends: {extends}\n" if extends else "")
        + f"name: {name}\n"
        + f"persona: {{name: the keeper, system_prompt: {SYSTEM}}}\n"
        + ("" if extends else "sources: [{path: rows.jsonl, as: pairs, rights: own}]\n")
        + f"train: {{base_model: '{base}'{', ' + train if train else ''}}}\n"
        + (f"export: {{{export}}}\n" if export else "")
        + "evaluate: {cells: shipped, samples: 0, strengths: []}\n"  # its tests are elsewhere, and answers take minutes
    )
    if not (folder / "build" / name).exists():
        write_dataset(folder / "build" / name)
    return path
