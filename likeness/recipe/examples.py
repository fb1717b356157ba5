"""What a ready recipe brings as an example must not stay when the documents are somebody's own."""

from __future__ import annotations

import glob
import hashlib
from importlib.resources.abc import Traversable
from pathlib import Path

from likeness.errors import CallError
from likeness.recipe.load import load_control
from likeness.recipe.ready import ready_recipes
from likeness.recipe.schema import Recipe


def refuse_examples(recipe: Recipe) -> None:
    """Refuse an example's questions or recordings beside documents that are not the example's; asked before any work.

    They would not fail: the questions would be asked of every model, and the recordings would answer for nobody's documents.

    Raises:
        CallError: some were left in.
    """
    files = [Path(name) for source in recipe.sources for name in glob.glob(source.path, recursive=True)]
    problems = []
    for example in ready_recipes().iterdir():
        if not example.is_dir() or not example.joinpath("documents").is_dir():
            continue
        sizes = _sizes_and_hashes(example.joinpath("documents"))
        if not files or any(_is_one_of(file, sizes) for file in files):
            continue
        if recipe.generate and recipe.generate.recordings:
            recorded = _sizes_and_hashes(example.joinpath("recorded"))
            left = [Path(name) for name in glob.glob(recipe.generate.recordings, recursive=True)]
            if any(_is_one_of(file, recorded) for file in left):
                problems.append(
                    f"`recordings` still replays the answers of the example {example.name}, which are about other documents:"
                    " let Claude write (`provider: anthropic`, no `recordings`)"
                )
        if recipe.control and (same := _same_questions(Path(recipe.control), example.joinpath("control.yaml"))):
            problems.append(
                f"{Path(recipe.control).name} still asks what the example {example.name} asks: {'; '.join(same[:3])}."
                " Put questions in their place that you would ask the person"
            )
    if problems:
        fix = "`curate init NAME --from YOUR-FILES --voice NAME` writes a recipe over your own files, with questions from them."
        raise CallError("\n".join(problems), where=str(recipe.file), fix=fix)


def _same_questions(ours: Path, example: Traversable) -> list[str]:
    """Questions of ours that the example asks too, but for those that suit any recipe."""
    if not example.is_file():
        return []
    theirs = {each.question for each in load_control(Path(str(example))).questions if each.about != "general"}
    return [each.question for each in load_control(ours).questions if each.question in theirs]


def _sizes_and_hashes(folder: Traversable) -> dict[int, set[str]]:
    """Hashes of the files below a folder, by their size: a file of another size need not be read."""
    found: dict[int, set[str]] = {}
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            for size, hashes in _sizes_and_hashes(entry).items():
                found.setdefault(size, set()).update(hashes)
        else:
            data = entry.read_bytes()
            found.setdefault(len(data), set()).add(hashlib.sha256(data).hexdigest())
    return found


def _is_one_of(file: Path, known: dict[int, set[str]]) -> bool:
    try:
        size = file.stat().st_size
        return file.is_file() and size in known and hashlib.sha256(file.read_bytes()).hexdigest() in known[size]
    except OSError:
        return False
