"""A copy of a recipe that is shipped: the starter, which builds as it is, or any other."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from likeness.errors import CallError
from likeness.files import atomic_folder
from likeness.recipe.ready import ready_recipes

STARTER = "starter"
NOT_COPIED = {"pictures", "__pycache__", "build"}


def ready_names() -> dict[str, str]:
    """The recipes that are shipped, by name ("voice/smollm2"), each with what it is for in one sentence."""
    found = {}
    for folder in sorted(ready_recipes().iterdir(), key=lambda entry: entry.name):
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else ():
            if file.name.endswith(".yaml") and file.name != "control.yaml":
                name = folder.name if file.name == "recipe.yaml" else f"{folder.name}/{file.name.removesuffix('.yaml')}"
                found[name] = _about(file.read_text(encoding="utf-8"))
    return found


def write_recipe(folder: Path, source: str = STARTER) -> Path:
    """Copy a shipped recipe into a new folder and give its path. The recipe is called what the folder is called.

    A recipe that extends another brings that one along.

    Args:
        folder: the folder to make.
        source: the recipe's name, as `ready_names` gives it.

    Raises:
        CallError: the folder is there already, its name cannot be a recipe's, or there is no such recipe.
        MachineError: it cannot be written to.
    """
    name = free_folder(folder)
    known = ready_names()
    if source not in known:
        near = difflib.get_close_matches(source, known, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        fix = f"{hint}`curate init --list` shows the ready ones; a path such as ~/notes takes your own files."
        raise CallError(f"there is neither a ready recipe nor a file or folder {source!r}", fix=fix)
    with atomic_folder(folder) as part:
        for target, text in _files(source):
            path = part / target
            path.parent.mkdir(parents=True, exist_ok=True)
            named = re.sub(rb"^name: .*$", f"name: {in_yaml(name)}".encode(), text, count=1, flags=re.MULTILINE)
            path.write_bytes(named if target == "recipe.yaml" else text)
        (part / "recipe.schema.json").write_bytes(ready_recipes().joinpath("recipe.schema.json").read_bytes())
    return folder / "recipe.yaml"


def in_yaml(name: str) -> str:
    """A name as YAML reads it back: in quotes where it would be a number, a date or nothing ("2024", "null")."""
    from ruamel.yaml import YAML

    return name if YAML(typ="safe").load(name) == name else json.dumps(name, ensure_ascii=False)


def free_folder(folder: Path) -> str:
    """The name of the recipe in a folder that is to be made.

    Raises:
        CallError: the folder is there already, or its name cannot be a recipe's.
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.name.lower()).strip("-_")
    if not name:
        raise CallError(f"{folder.name!r} cannot be a recipe's name", fix="Use letters, digits and hyphens.")
    if folder.exists():
        raise CallError("this folder is there already; nothing was changed", where=str(folder), fix="Choose another name.")
    return name


def _files(source: str) -> Iterator[tuple[str, bytes]]:
    """(path in the new folder, content) of a recipe and of all that it needs."""
    root = ready_recipes()
    folder, _, file = source.partition("/")
    if not file:
        yield from _tree(root.joinpath(folder), "")
        return
    path = root.joinpath(folder, f"{file}.yaml")
    target = "recipe.yaml"
    while True:
        text = path.read_text(encoding="utf-8")
        base = re.search(r"^extends: (\S+)", text, re.MULTILINE)
        if base:
            path = root.joinpath(*_joined(folder, base[1]))
            text = text.replace(base[0], f"extends: {path.name}")
            folder = _joined(folder, base[1])[0]
        yield target, _editors_schema(text).encode()
        if not base:
            return
        target = path.name


def _joined(folder: str, relative: str) -> tuple[str, ...]:
    """`../voice/smollm2.yaml` seen from `hosted` is ("voice", "smollm2.yaml")."""
    parts = [folder]
    for part in relative.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return tuple(parts)


def _tree(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name in NOT_COPIED:
            continue
        if entry.is_dir():
            yield from _tree(entry, f"{prefix}{entry.name}/")
        elif f"{prefix}{entry.name}" == "recipe.yaml":
            yield "recipe.yaml", _editors_schema(entry.read_text(encoding="utf-8")).encode()
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _editors_schema(text: str) -> str:
    """With the schema that editors check from beside the recipe."""
    return text.replace("$schema=../recipe.schema.json", "$schema=recipe.schema.json")


def _about(text: str) -> str:
    """The first sentence of the comment at a recipe's head."""
    said = " ".join(line.lstrip("# ").strip() for line in re.findall(r"^#.*$", text, re.MULTILINE)[1:6])
    return said.strip().split(". ")[0].split(" # ")[0].rstrip(".:")
