"""Whether a build is the same as an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate import __version__
from curate.ledger.ledger import Ledger
from curate.model import content_hash
from curate.read.read import File
from likeness.kinds import FOLDER, SUFFIX
from likeness.metrics.style import FORMAT
from likeness.recipe.folders import BuildFolder
from likeness.recipe.schema import Recipe


def fingerprint_of(recipe: Recipe, files: Sequence[File], ledger: Ledger) -> str:
    """Everything that decides what a build comes to.

    Args:
        recipe: the recipe.
        files: the files that the sources name.
        ledger: the recipe's ledger.
    """
    beside = [Path(recipe.control)] if recipe.control else []
    if recipe.generate and recipe.generate.recordings:
        import glob

        beside += map(Path, sorted(glob.glob(recipe.generate.recordings, recursive=True)))
    prompts = sorted([*Path(__file__).parent.glob("*/*/*.md.j2"), *FOLDER.glob(f"*{SUFFIX}")])
    if recipe.generate:
        prompts += [Path(kind.prompt) for kind in recipe.generate.kinds if kind.prompt]
    contents = [content_hash(path.read_text(encoding="utf-8", errors="replace")) for path in [*beside, *prompts]]
    left_out = {"recordings", "concurrency", "budget_usd", "mode", "per_minute", "price"}
    if recipe.generate and recipe.generate.provider == "llama-cpp":
        from curate.llm.llama_cpp import model_sha256

        contents.append(model_sha256(recipe.generate.model))
        left_out.add("model")
    # How it is trained and where its steps run change no dataset. Where its files are does not either: a checkout may be moved.
    elsewhere: Any = {
        "train": True,
        "export": True,
        "engine": True,
        "worker_gb": True,
        "sources": True,
        "control": True,
        "generate": dict.fromkeys(left_out, True) | {"kinds": {"__all__": {"prompt"}}},
    }
    said = recipe.model_dump(mode="json", exclude=elsewhere)
    sources = [
        (file.name, file.sha256, file.source.as_, file.source.author, file.source.rights, file.source.unreadable)
        for file in files
    ]
    contrasts: list[Any] = [count] if (count := ledger.contrasts_said()) else []
    if recipe.contrast:  # answers of earlier runs become the wrong answers of preferences
        paths = sorted(BuildFolder.of(recipe).runs.glob("[!.]*/answers.parquet"))
        contrasts += [(path.parent.name, path.stat().st_size) for path in paths]
    beside_rows = ("author profile", FORMAT, recipe.export.knowledge)
    return content_hash(__version__, said, sources, contents, ledger.decisions_made(), *contrasts, beside_rows, length=64)
