"""The ground that `curate`, `train` and `export` are on: errors, files, the recipe, text measures, llama.cpp.

It imports none of them at the top. For programs, the three main steps are functions here:

    import likeness

    built = likeness.build("recipe.yaml")            # documents -> dataset
    run = likeness.train("recipe.yaml")              # dataset -> adapter -> GGUF
    likeness.export(run.folder / "merged", "out", publisher="me", model="emerson", quants=["q8_0"], rows=[...])
"""

from __future__ import annotations

import importlib
from os import PathLike
from pathlib import Path
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "build", "export", "train"]


def build(recipe: str | PathLike[str], watch: Any = None, **options: Any) -> Any:
    """Build a recipe's dataset; see `curate.build.build` for the options, the result and the errors.

    Args:
        recipe: the recipe's file.
        watch: follows the build; nobody does by default.
        options: `sample`, `wait` and `agree`.
    """
    return _function("curate.build", "build")(Path(recipe), watch or _function("likeness.progress", "Silent")(), **options)


def train(recipe: str | PathLike[str], watch: Any = None, **options: Any) -> Any:
    """Train on a recipe's newest dataset; see `train.run.train` for the result and the errors.

    Args:
        recipe: the recipe's file.
        watch: follows the run; nobody does by default.
        options: those of `train.run.train`.
    """
    return _function("train.run", "train")(Path(recipe), watch or _function("likeness.progress", "Silent")(), **options)


def export(model: str | PathLike[str], folder: str | PathLike[str], **options: Any) -> Any:
    """Turn a merged model into a proven GGUF folder; see `export.export.export_model` for the options, the result and the errors.

    Args:
        model: the folder of the merged model.
        folder: where the app folder is written.
        options: those of `export.export.export_model`.
    """
    return _function("export.export", "export_model")(Path(model), Path(folder), **options)


def _function(module: str, name: str) -> Any:
    """Found when it is called: the ground imports nothing that builds on it, and `import likeness` stays light."""
    return getattr(importlib.import_module(module), name)
