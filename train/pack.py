"""A run carried to another machine and back: a sealed file with all that it needs, and a sealed file with what it came to.

Both are zip files with the SHA-256 of every file in them. The first holds the dataset, the resolved recipe, the versions it was
packed with, the base's name and, where it is known here, its hash. No documents, no keys: the author's passages stay at home, and
so does what the checks flagged as private.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from likeness.errors import CallError
from likeness.files import atomic_file, atomic_folder, cannot_write, sha256, write_atomic
from likeness.llama.smollm2 import PACKAGE_SHA256, SMOLLM2
from likeness.progress import Silent
from likeness.recipe.folders import AUTHOR, ELSEWHERE, BuildFolder
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import LAUNCH_CONFIGS, Recipe
from likeness.sums import TABLES
from train.base import base_folder, identity
from train.control import checked_dataset
from train.data import RECIPE_LEAVES, manifest_for_others
from train.job import open_job
from train.replay import wanted
from train.result import Watcher, versions
from train.run import train
from train.sft import steps_in_all

SUFFIX, RESULT = ".pack", ".result"
SEAL = "seal.json"
LEFT = ("checkpoints", "adapter-sft", "launch")
"""What a result does not bring home: steps on the way."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A sealed file."""

    file: Path
    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"file": str(self.file), "bytes": self.file.stat().st_size, **self.facts}


def pack(recipe_path: Path, settings: Sequence[str] = (), to: Path | None = None) -> Packed:
    """Seal what a run of the recipe needs into one file.

    Args:
        recipe_path: the recipe's file.
        settings: `key=value` of the command line, merged over the recipe.
        to: the file to write; `NAME.pack` in the calling folder where none is named.

    Raises:
        CallError: the recipe is wrong, no dataset has been built, or its base is a folder of this machine.
        GateError: the dataset holds rows that the checks flagged as private.
        MachineError: the file cannot be written.
    """
    recipe = load_recipe(recipe_path, settings)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    base = recipe.train.base_model
    if Path(base).is_absolute():
        fix = "Name a model that the box can fetch: a hub id, or builtin:smollm2-135m."
        raise CallError("the base is a folder of this machine, which does not travel", where=f"train.base_model: {base}", fix=fix)
    if recipe.train.continue_from:
        where = f"train.continue: {recipe.train.continue_from}"
        raise CallError("the earlier run's adapter does not travel", where=where, fix="Continue it on this machine.")
    if (launch := recipe.train.launch) and launch.config not in LAUNCH_CONFIGS:
        where, fix = f"train.launch.config: {launch.config}", f"Take one that comes with us: {', '.join(LAUNCH_CONFIGS)}."
        raise CallError("accelerate's configuration is a file of this machine, which does not travel", where=where, fix=fix)
    dataset = checked_dataset(BuildFolder.of(recipe), recipe)
    manifest = manifest_for_others(dataset)
    rows = manifest["counts"]["train"]
    steps = steps_in_all(rows + wanted(rows, recipe.train), recipe.train.sft)
    facts = {
        "holds": "run",
        "name": recipe.name,
        "dataset": dataset.name,
        "fingerprint": manifest["fingerprint"],
        "base": {"name": base, "sha256": _known_sums(base)},
        "versions": versions(),
        "forecast": {"rows": rows, "steps": steps, "devices": _forecasts(recipe_path, settings)},
    }
    inside = f"build/{recipe.name}/dataset"
    files = {f"{inside}/{dataset.name}/{AUTHOR}": dataset / AUTHOR} if (dataset / AUTHOR).is_file() else {}
    for table in TABLES:
        files |= {f"{inside}/{dataset.name}/{table}/{path.name}": path for path in sorted((dataset / table).glob("*.parquet"))}
    texts = {
        "recipe.yaml": _travelling(recipe),
        f"{inside}/latest": dataset.name + "\n",
        f"{inside}/{dataset.name}/manifest.json": json.dumps(manifest),
    }
    file = to or Path(recipe.name + SUFFIX)
    _seal(file, facts, files, texts)
    return Packed(file, facts)


def run_packed(file: Path, watch: Watcher) -> Packed:
    """Train what a sealed file holds, beside it, and seal what the run came to; nothing else stays on the machine.

    A call that was stopped goes on where it was; what has been run already is not run again.

    Args:
        file: that `pack` made.
        watch: is told how it goes.

    Raises:
        CallError: it is no such file, something of it was changed, or the base here is another one.
        GateError: a check failed; what was made is kept beside the file, for a look.
        MachineError: the machine failed.
    """
    facts = _facts(file, "run")
    work, result = file.with_suffix(".work"), file.with_suffix(RESULT)
    if result.is_file() and not work.exists():
        return Packed(result, _facts(result, "result"))
    if not (work / SEAL).is_file():
        with atomic_folder(work) as part:
            os.chmod(part, 0o700)
            _open_into(file, part)
    elsewhere = os.environ.pop(ELSEWHERE, None)  # results lie in `work`, whatever else is wanted here
    try:
        with chdir(work):  # the report's commands name `recipe.yaml`, and no place of this machine
            _same_base(facts, watch)
            run = train(Path("recipe.yaml"), watch)
    finally:
        if elsewhere is not None:
            os.environ[ELSEWHERE] = elsewhere
    made = {"holds": "result", "run": run.folder.name, "verdict": run.verdict, "reasons": run.reasons, "metrics": run.metrics}
    made |= {key: facts[key] for key in ("name", "dataset", "fingerprint", "base")} | {"versions": versions()}
    files = {
        path.relative_to(run.folder).as_posix(): path
        for path in sorted(run.folder.rglob("*"))
        if path.is_file() and path.relative_to(run.folder).parts[0] not in LEFT and path.name != ".lock"
    }
    del files["recipe.yaml"]  # it names places of this machine; the one that travelled says the same without
    _seal(result, made, files, {"recipe.yaml": (work / "recipe.yaml").read_text(encoding="utf-8")})
    shutil.rmtree(work)
    return Packed(result, made)


def unpack(file: Path, recipe_path: Path) -> Path:
    """Put a run that was made elsewhere beside the recipe's own runs, once every file of it is proven whole; gives its folder.

    Args:
        file: that `run_packed` made.
        recipe_path: the recipe's file.

    Raises:
        CallError: it is no such file, something of it was changed, or it is of another recipe or dataset.
        MachineError: the folder cannot be written to.
    """
    facts = _facts(file, "result")
    recipe = load_recipe(recipe_path)
    build = BuildFolder.of(recipe)
    if recipe.name != facts["name"]:
        raise CallError(f"it is a run of {facts['name']!r}, and this recipe is {recipe.name!r}", where=str(file))
    own = build.datasets / facts["dataset"] / "manifest.json"
    if not own.is_file() or json.loads(own.read_text(encoding="utf-8"))["fingerprint"] != facts["fingerprint"]:
        raise CallError(f"it was trained on dataset {facts['dataset']}, which is not here", where=str(build.datasets))
    number, _, inputs = facts["run"].partition("-")
    runs = sorted(path.name for path in build.runs.glob("[0-9][0-9][0-9]-*") if path.is_dir())
    if same := next((name for name in runs if name.endswith(f"-{inputs}")), None):
        if (build.runs / same / "manifest.json").is_file():
            return build.runs / same
        raise CallError(f"run {same} of just these inputs was begun here", where=str(build.runs), fix="Move it aside first.")
    if any(name.startswith(f"{number}-") for name in runs):
        number = f"{max(int(name[:3]) for name in runs) + 1:03d}"
    folder = build.runs / f"{number}-{inputs}"
    with atomic_folder(folder) as part:
        _open_into(file, part)
        (part / SEAL).unlink()
        manifest = json.loads((part / "manifest.json").read_text(encoding="utf-8")) | {"run": folder.name}
        write_atomic(part / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    return folder


def _forecasts(recipe_path: Path, settings: Sequence[str]) -> list[dict[str, Any]] | None:
    """What the run needs of each listed card, with the recipe's method; None where the base is not on this machine: it takes its
    sizes and its tokenizer."""
    from huggingface_hub import snapshot_download

    recipe = load_recipe(recipe_path, settings)
    assert recipe.train
    if not recipe.train.base_model.startswith("builtin:"):
        try:
            snapshot_download(recipe.train.base_model, local_files_only=True)
        except Exception:  # however it says so: the base is not here, and packing fetches none
            return None
    from train.devices import listed_devices
    from train.forecast import forecast
    from train.plan import workload_of
    from train.preflight import prepare

    job = open_job(recipe_path, Silent(), settings)
    work = workload_of(job, prepare(job))
    return [forecast(work, device).as_dict() for device in listed_devices()]


def _travelling(recipe: Recipe) -> str:
    """The recipe as the box needs it: what was settled before training stays at home, with every text of the author."""
    from ruamel.yaml import YAML

    data = recipe.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(RECIPE_LEAVES))
    data["persona"].pop("samples", None)
    data["sources"] = [{"path": Path(each.path).name, "as": "pairs", "rights": each.rights} for each in recipe.sources]
    data["export"]["knowledge"] = False
    text = io.StringIO()
    YAML().dump(data, text)
    return text.getvalue()


def _known_sums(base: str) -> dict[str, str] | None:
    """SHA-256 of a base's files where they can be known without fetching it; of the built-in model, that of its package."""
    if base.startswith("builtin:"):
        return {"package": PACKAGE_SHA256} if base == SMOLLM2 else None
    from huggingface_hub import snapshot_download

    with suppress(Exception):  # not on this machine: then its name alone is sealed
        return identity(Path(snapshot_download(base, local_files_only=True)))
    return None


def _same_base(facts: dict[str, Any], watch: Watcher) -> None:
    base = facts["base"]
    if base["sha256"] is None or base["name"].startswith("builtin:"):  # a package is held against its sum when it is fetched
        return
    if identity(base_folder(base["name"], watch)) != base["sha256"]:
        raise CallError("the base is not the one that this was packed for", where=f"train.base_model: {base['name']}")


def _seal(file: Path, facts: dict[str, Any], files: dict[str, Path], texts: dict[str, str]) -> None:
    """Write a sealed file; it appears whole."""
    sums = {name: sha256(path) for name, path in files.items()}
    sums |= {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    try:
        with atomic_file(file) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as sealed:
            sealed.writestr(SEAL, json.dumps({"likeness": 1, **facts, "sums": sums}, ensure_ascii=False, indent=2))
            for name, path in files.items():
                sealed.write(path, name)
            for name, text in texts.items():
                sealed.writestr(name, text)
    except OSError as error:
        raise cannot_write(file, error) from error


def _facts(file: Path, holds: Literal["run", "result"]) -> dict[str, Any]:
    if not file.is_file():
        raise CallError("there is no such file", where=str(file))
    what = {"run": "a file of `train pack`", "result": "the result of a packed run"}
    try:
        with zipfile.ZipFile(file) as sealed:
            found: dict[str, Any] = json.loads(sealed.read(SEAL))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        found = {}
    if not found and _begins_as_sealed(file):
        raise CallError("is cut short: its end is missing", where=str(file), fix="Copy it again.")
    if found.get("likeness") != 1 or found.get("holds") != holds:
        raise CallError(f"this is not {what[holds]}", where=str(file))
    return {key: value for key, value in found.items() if key not in ("likeness", "sums")}


def _begins_as_sealed(file: Path) -> bool:
    """Whether the first file inside is a seal; in a zip file a header of 30 bytes comes before its name."""
    with file.open("rb") as opened:
        return opened.read(30 + len(SEAL)).endswith(SEAL.encode())


def _open_into(file: Path, folder: Path) -> None:
    """Every file of a sealed one, each held against its sum; what the seal does not name is not written."""
    with zipfile.ZipFile(file) as sealed:
        sums: dict[str, str] = json.loads(sealed.read(SEAL))["sums"]
        for name, digest in sums.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
                raise CallError(f"names a file outside itself: {name}", where=str(file))
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with sealed.open(name) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
            except (KeyError, zipfile.BadZipFile):
                raise CallError(f"is damaged: {name}", where=str(file), fix="Copy it again.") from None
            if sha256(target) != digest:
                raise CallError(f"was changed: {name}", where=str(file), fix="Copy it again.")
        (folder / SEAL).write_bytes(sealed.read(SEAL))
