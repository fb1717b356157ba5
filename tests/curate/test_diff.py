"""What a person may rely on of `curate diff`: every row that came or went is told with its reason, and every figure is counted."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.diff.diff import pieces
from curate.diff.tables import marked
from curate.ledger import Ledger
from curate.model import Decision

from .conftest import RECIPE, rows, write_corpus

NEW = "# The well\n\nThe well is eleven fathoms deep and my grandmother drew from it every morning of her life until the pump came.\n"
NEW_PAIR = {
    "kind": "question_answer", "quote": "The well is eleven fathoms deep", "instruction": "How deep is your well?",
    "response": "Eleven fathoms, and I have been told so by somebody who went down there after a bucket and was not glad of it at all.",
}  # fmt: skip


def said(curate, folder: Path, *arguments: str) -> dict:
    done = curate(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def dataset(folder: Path, version: str) -> dict[str, dict]:
    """The rows of a version, by id, read by somebody else's library."""
    files = (folder / "build/village/dataset" / version / "sft").glob("*.parquet")
    return {row["id"]: row for file in files for row in pq.read_table(file).to_pylist()}


@pytest.fixture(scope="module")
def two(tmp_path_factory, curate) -> Path:
    """Two versions: the second without the clock, with a well, another orchard, a shorter answer dropped, a name taken out."""
    folder = tmp_path_factory.mktemp("two")
    write_corpus(folder, RECIPE + "screen: {private_data: {action: redact, names: [nobody]}}\n")
    said(curate, folder, "build", "recipe.yaml")
    (folder / "documents/clock.html").unlink()
    (folder / "documents/well.md").write_text(NEW)
    with (folder / "recorded/all.jsonl").open("a") as file:
        file.write(json.dumps(NEW_PAIR) + "\n")
    for name in ("documents/orchard.txt", "recorded/all.jsonl"):
        change(folder / name, "A tree will\n        forgive" if name.startswith("doc") else "A tree will forgive", "A tree may forgive") if (
            name.startswith("rec")
        ) else None
    orchard = folder / "documents/orchard.txt"
    orchard.write_text(" ".join(orchard.read_text().split()).replace("A tree will forgive", "A tree may forgive"))
    change(folder / "recipe.yaml", "names: [nobody]", "names: [My uncle]")
    change(folder / "recipe.yaml", "screen: {", "screen: {length: {slack: 0}, ")
    change(folder / "recipe.yaml", "words: [15, 80]", "words: [15, 50]")
    change(folder / "recipe.yaml", "min_value: 5}", "min_value: 3}")
    said(curate, folder, "build", "recipe.yaml")
    return folder


def test_look(two, curate):
    print(curate(two, "diff", "recipe.yaml").stdout)
    print(json.dumps(said(curate, two, "diff", "recipe.yaml"), indent=1)[:6000])
