"""The recipe's training as configurations of other trainers, with the rows beside them; and the rows as hosts take them.

What a trainer has no word for is said in a comment at the top of its file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from likeness.errors import CallError
from likeness.files import atomic_folder
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.sums import check_tables
from train.hosted.hosts import as_of, hosts
from train.hosted.rows import rows_for
from train.trainers import TRAINERS, Task

FLOAT = "tag:yaml.org,2002:float"


def write_configs(recipe_path: Path, settings: list[str], to: Path | None) -> Path:
    """Write a configuration for each trainer; gives the folder, which appears whole.

    Args:
        recipe_path: the recipe's file.
        settings: `key=value` of the command line, merged over the recipe.
        to: the folder; by default `configs/` beside the datasets.

    Raises:
        CallError: the recipe trains nothing, or no dataset has been built.
    """
    recipe = load_recipe(recipe_path, settings)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    build = BuildFolder.of(recipe)
    dataset, folder = check_tables(build.dataset()).resolve(), (to or build.datasets.parent / "configs").resolve()
    openai = dataset / "formats" / "openai"
    parts = {"train": openai / "train.jsonl", "valid": openai / "validation.jsonl"}
    lines = {name: file.read_text(encoding="utf-8") for name, file in parts.items() if file.is_file()}
    if not lines.get("train"):
        raise CallError("the dataset has no rows in OpenAI's form", where=str(dataset), fix="Build it again: curate build RECIPE")
    task = Task(
        recipe.name, _base(recipe.train.base_model), recipe.train, dataset, lines["train"].count("\n"), bool(lines.get("valid"))
    )
    own = {"preference": task.settings.preference, "replay": task.settings.replay, "sft.known_last": task.settings.sft.known_last}
    left = [f"Only train run does what train.{key} says." for key, said in own.items() if said]
    with atomic_folder(folder) as part:
        (part / "data").mkdir()
        for name, text in lines.items():
            (part / "data" / f"{name}.jsonl").write_text(text, encoding="utf-8")
        info = dict(_dataset_info(task.name, part_name, folder) for part_name, text in lines.items() if text)
        (part / "data" / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
        for name, (command, make) in TRAINERS.items():
            config, unsaid = make(task, folder)
            head = [f"{command} {folder / name}.yaml", f"The recipe {recipe.name} on dataset {dataset.name}.", *unsaid, *left]
            (part / f"{name}.yaml").write_text(_yaml(config, head), encoding="utf-8")
        _write_hosts(part / "hosts", dataset, recipe.train.sft.turns)
    return folder


def _write_hosts(folder: Path, dataset: Path, turns: Literal["last", "all"]) -> None:
    """The rows as each host takes them, and beside them what its rules leave out, its limits, and until when it takes jobs."""
    for host in hosts().values():
        rows = rows_for(host, dataset, turns)
        (folder / host.name).mkdir(parents=True)
        rows.write(folder / host.name)
        limits = (
            f"{host.fewest_rows:,} to {host.most_rows:,} rows of at most {host.most_tokens:,} tokens, {host.most_megabytes:,} MB"
        )
        told = [f"# {host.title}", "", f"Rows: {rows}.", "", f"It takes {limits} ({host.source}, {as_of()}); {host.note}."]
        told += [f"It takes new jobs until {host.ends}."] if host.ends else []
        told += ["", *(f"- left out: {row} {why}" for row, why in rows.left_out)]
        (folder / host.name / "README.md").write_text("\n".join(told).rstrip() + "\n", encoding="utf-8")


def _base(name: str) -> str:
    """The base for other programs: a hub id as it is, a local folder by its whole path."""
    if name.startswith("builtin:") or name.endswith(".gguf"):
        from likeness.progress import Silent
        from train.base import base_folder

        return str(base_folder(name, Silent()))
    return str(Path(name).resolve()) if Path(name).is_absolute() else name


def _dataset_info(name: str, part: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """An entry of LLaMA-Factory's dataset_info.json."""
    tags = {f"{tag}_tag": tag for tag in ("role", "content", "user", "assistant", "system")}
    file = str(folder / "data" / f"{part}.jsonl")
    return f"{name}-{part}", {"file_name": file, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}


def _yaml(config: Mapping[str, Any], head: list[str]) -> str:
    from ruamel.yaml import YAML

    text = io.StringIO()
    writer = YAML()
    writer.width = 200
    # PyYAML, which most of these read with, takes 1e-05 for a text; 1.0e-05 is a number to all
    writer.representer.add_representer(float, lambda to, value: to.represent_scalar(FLOAT, _number(value)))
    writer.dump({key: value for key, value in config.items() if value is not None}, text)
    return "".join(f"# {line}\n" for line in head) + text.getvalue()


def _number(value: float) -> str:
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
