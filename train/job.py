"""What is to be trained: the recipe, its newest dataset, the base model, and the folder of the run of just these."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe, Train
from train import __version__
from train.base import base_folder, identity
from train.data import read_manifest
from train.result import Watcher


@dataclass(frozen=True)
class Job:
    """One run's inputs, and its folder."""

    recipe_path: Path
    recipe: Recipe
    settings: Train
    dataset: Path
    base: Path
    folder: Path
    set: tuple[str, ...] = ()
    """What the command line sets over the recipe, as `key=value`."""

    @property
    def adapter(self) -> Path:
        """What the run delivers: the adapter of its last stage."""
        return self.folder / "adapter"

    @property
    def sft_adapter(self) -> Path:
        """What supervised fine-tuning makes: the adapter itself, unless preference training goes on from it."""
        return self.folder / "adapter-sft" if self.settings.preference else self.adapter

    @property
    def where(self) -> str:
        """How messages name the base model."""
        return f"train.base_model: {self.settings.base_model}"


def take_up(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Job:
    """The job that a recipe describes.

    Args:
        recipe_path: the recipe's file.
        watch: is told how the base model's making goes.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the recipe or the base model is wrong, or no dataset has been built.
        MachineError: the base model cannot be fetched or made.
    """
    recipe = load_recipe(recipe_path, settings)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    build = BuildFolder.of(recipe)
    dataset = build.dataset()
    watch.begin("base")
    base = base_folder(recipe.train.base_model, watch)
    folder = _run_folder(build, recipe, dataset, base)
    return Job(recipe_path, recipe, recipe.train, dataset, base, folder, tuple(settings))


def begin(job: Job) -> None:
    """Keep the recipe as it is now, with everything that it extends: the run can be made again from it."""
    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML().dump(job.recipe.model_dump(mode="json", by_alias=True, exclude_none=True), text)
    write_atomic(job.folder / "recipe.yaml", text.getvalue())
    BuildFolder.of(job.recipe).claim(job.recipe)


def settings_of(job: Job) -> dict[str, object]:
    """How the run is measured. Where only this changes, nothing is trained again."""
    settings: dict[str, object] = job.recipe.evaluate.model_dump(mode="json")
    return settings


def _run_folder(build: BuildFolder, recipe: Recipe, dataset: Path, base: Path) -> Path:
    """The folder of the run of just these inputs: the one begun before, or a new one with the next number."""
    assert recipe.train
    inputs = [
        __version__,
        read_manifest(dataset)["fingerprint"],
        recipe.train.model_dump(mode="json", exclude={"base_model"}),
        recipe.export.model_dump(mode="json"),
        recipe.evaluate.merge_best,
        recipe.persona.system_prompt,
        identity(base),
    ]
    name = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:8]
    known = sorted(path.name for path in build.runs.glob("[0-9][0-9][0-9]-*") if path.is_dir())
    same = next((run for run in known if run.endswith(f"-{name}")), None)
    number = max((int(run.split("-")[0]) for run in known), default=0) + 1
    return build.runs / (same or f"{number:03d}-{name}")
