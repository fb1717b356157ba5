"""One run under way: what it is of, where its results go, who watches, and what it has come to so far."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from likeness.errors import CallError, MachineError
from likeness.files import cannot_write, is_disk_full, sha256, write_atomic
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe, Train
from train import __version__
from train.base import base_folder, identity
from train.continued import WEIGHTS, continued_adapter
from train.control import checked_dataset
from train.data import read_manifest
from train.disk import disk_full
from train.result import Run, StepResult, Watcher

Given = ParamSpec("Given")
Result = TypeVar("Result", bound=StepResult)


@dataclass(frozen=True)
class Job:
    """A run under way. Every step gets it and returns a small result of its own."""

    recipe_path: Path
    recipe: Recipe
    settings: Train
    dataset: Path
    base: Path
    watch: Watcher
    made: Run
    set: tuple[str, ...] = ()
    """What the command line sets over the recipe, as `key=value`."""

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.made.folder

    @property
    def adapter(self) -> Path:
        """What the run delivers: the adapter of its last stage."""
        return self.folder / "adapter"

    @property
    def sft_adapter(self) -> Path:
        """What supervised fine-tuning makes: the adapter itself, unless preference training goes on from it."""
        return self.folder / "adapter-sft" if self.settings.preference else self.adapter

    @property
    def begins_with(self) -> Path | None:
        """The adapter of the earlier run that this one continues, if any."""
        return continued_adapter(BuildFolder.of(self.recipe), self.settings)

    @property
    def where(self) -> str:
        """How messages name the base model."""
        return f"train.base_model: {self.settings.base_model}"

    @property
    def measured_by(self) -> dict[str, Any]:
        """How the run is measured: the recipe's `evaluate`. Where only this changes, nothing is trained again."""
        return self.recipe.evaluate.model_dump(mode="json")

    @property
    def delivered_as(self) -> dict[str, Any]:
        """What leaves the house: the recipe's `export`. Where only this changes, nothing is trained again either."""
        return self.recipe.export.model_dump(mode="json")

    @property
    def merges_dequantized(self) -> bool:
        """Whether the model that is delivered stands on the base as QLoRA trains on it, and not on the base's own weights."""
        return self.recipe.export.merge.base == "dequantized"

    def keep_recipe(self) -> None:
        """Keep the recipe as it is now, with everything that it extends: the run can be made again from it."""
        from ruamel.yaml import YAML

        text = io.StringIO()
        YAML().dump(self.recipe.model_dump(mode="json", by_alias=True, exclude_none=True), text)
        write_atomic(self.folder / "recipe.yaml", text.getvalue())
        BuildFolder.of(self.recipe).claim(self.recipe)

    def step(self, name: str, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        """Do a step: time it, keep its metrics, and show its line and its notes.

        Args:
            name: the step's, in a word.
            work: what is done.
            given: what `work` is called with.
            named: the same by name.

        Raises:
            MachineError: the disk or the memory failed it.
            As `work` does.
        """
        self.watch.begin(name)
        began = time.monotonic()
        try:
            result = work(*given, **named)
        except MemoryError:
            raise MachineError("the machine's memory is too small", where=name, fix="Choose a smaller base model.") from None
        except Exception as error:
            if is_disk_full(error):
                raise disk_full(self, error) from error
            if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS):
                raise cannot_write(self.folder, error) from error
            raise
        seconds = time.monotonic() - began
        self.made.metrics |= result.metrics
        summary = str(result)  # "told" is the name of before 0.2
        self.made.steps.append({"name": name, "seconds": round(seconds, 1), "summary": summary, "told": summary})
        self.watch.line(f"{name:<9} {summary:<60} {seconds:>6.1f} s")
        for note in result.notes:
            self.watch.line(f"          {note}")
        return result

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Show how far a step is.

        Args:
            done: steps, or whatever is counted.
            total: of how many.
            note: what to show beside the bar.
        """
        self.watch.update(done, total, note=note)


def is_hosted(recipe_path: Path, settings: Sequence[str] = ()) -> bool:
    """Whether a host trains what the recipe describes.

    Args:
        recipe_path: the recipe's file.
        settings: `key=value` of the command line, merged over the recipe.
    """
    recipe = load_recipe(recipe_path, settings)
    return recipe.train is not None and recipe.train.backend == "hosted"


def open_job(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Job:
    """The job that a recipe describes.

    Args:
        recipe_path: the recipe's file.
        watch: follows the run.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the recipe or the base model is wrong, or no dataset has been built.
        MachineError: the base model cannot be fetched or made.
    """
    recipe = load_recipe(recipe_path, settings)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    if recipe.train.backend == "hosted":
        fix = "What a host trains it keeps; `train run`, `train plan`, `train compare` and `train blind` work with it."
        raise CallError("this recipe trains at a host, and this command needs weights", where=str(recipe_path), fix=fix)
    build = BuildFolder.of(recipe)
    dataset = checked_dataset(build, recipe)
    watch.begin("base")
    base = base_folder(recipe.train.base_model, watch)
    made = Run(run_folder(build, recipe, dataset, identity(base)), dataset.name)
    return Job(recipe_path, recipe, recipe.train, dataset, base, watch, made, tuple(settings))


_NOT_ITS_INPUTS: dict[str, Any] = {
    "base_model": True,
    "continue_from": True,
    "report_to": True,
    "hosted": {"budget_usd", "usd_per_million_tokens"},  # a larger budget is no other run
}


def run_folder(build: BuildFolder, recipe: Recipe, dataset: Path, base: Any) -> Path:
    """The folder of the run of just these inputs: the one begun before, or a new one with the next number.

    Args:
        build: where the recipe's results are.
        recipe: the recipe.
        dataset: the dataset's folder.
        base: what tells the base model from every other, for JSON.
    """
    assert recipe.train
    unset = {} if recipe.train.hosted else {"backend": True, "hosted": True}  # runs from before these keys keep their folders
    unset |= {} if recipe.train.launch else {"launch": True}
    inputs = [
        __version__,
        read_manifest(dataset)["fingerprint"],
        recipe.train.model_dump(mode="json", exclude=_NOT_ITS_INPUTS | unset),
        recipe.evaluate.merge_best,
        recipe.persona.system_prompt,
        base,
    ]
    if adapter := continued_adapter(build, recipe.train):
        inputs.append(sha256(adapter / WEIGHTS))
    name = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:8]
    known = sorted(path.name for path in build.runs.glob("[0-9][0-9][0-9]-*") if path.is_dir())
    same = next((run for run in known if run.endswith(f"-{name}")), None)
    number = max((int(run.split("-")[0]) for run in known), default=0) + 1
    return build.runs / (same or f"{number:03d}-{name}")
