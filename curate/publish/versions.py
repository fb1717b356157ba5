"""Dataset versions as they are on disk, read back for the report and for comparing them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.recipe.folders import BuildFolder

SPLITS = ("train", "validation")


@dataclass(frozen=True, slots=True)
class Row:
    """A published row."""

    id: str
    kind: str
    source: str
    split: str
    instruction: str
    """The last message of the prompt."""
    response: str


@dataclass(frozen=True, slots=True)
class Version:
    """A dataset version: its manifest, and its rows by id."""

    name: str
    manifest: dict[str, Any]
    rows: dict[str, Row]


def read_version(folder: Path) -> Version:
    """The dataset version in `folder`."""
    import pyarrow.parquet as pq

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    columns = ["id", "kind", "source", "prompt", "completion"]
    rows = {}
    for split in SPLITS:
        path = folder / "sft" / f"{split}.parquet"
        for row in pq.read_table(path, columns=columns).to_pylist() if path.is_file() else []:
            asked, said = row["prompt"][-1]["content"], row["completion"][0]["content"]
            rows[row["id"]] = Row(row["id"], row["kind"], row["source"], split, asked, said)
    return Version(str(manifest["version"]), manifest, rows)


def find_version(folder: BuildFolder, said: str) -> str:
    """The version that a person means: by its name, its number, or how its name begins.

    Raises:
        CallError: none is meant, or more than one.
    """
    names = sorted(path.parent.name for path in folder.datasets.glob("[!.]*/manifest.json"))
    if said in names:
        return said
    if said.isdecimal() and (numbered := [name for name in names if _number(name) == int(said)]):
        return numbered[0]
    meant = [name for name in names if name.startswith(said)]
    if len(meant) == 1:
        return meant[0]
    raise CallError(
        f"{len(meant) or 'no'} dataset versions begin with {said!r}",
        where=str(folder.datasets),
        fix=f"There are: {', '.join(names)}." if names else "Run `curate build RECIPE` first.",
    )


def _number(name: str) -> int | None:
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else None
