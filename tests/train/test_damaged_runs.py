"""A run whose parts were cut, lost or only half made again: what can be made again is, and the rest is named."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from likeness.errors import CallError, MachineError
from likeness.progress import Silent
from likeness.recipe.load import load_recipe
from tests.make import write_recipe
from train import delivery
from train.blind import write_page
from train.chat import exported_file
from train.compare.compare import lines
from train.compare.runs import RunView, read_runs
from train.evaluate.answers import Answer, AnswerStore
from train.job import Job
from train.parts import are_weights_whole, check_adapter
from train.quants import measure_quants
from train.result import Run, finished, write_manifest
from train.runs import list_runs

pytestmark = pytest.mark.slow  # the libraries take seconds to import

PREPARED: Any = SimpleNamespace(samples=[])


def job_of(folder: Path, export: str = "gguf: [q8_0]") -> Job:
    """A job whose adapter is not trained; every call is of the same run."""
    path = write_recipe(folder, "builtin:tiny", export=export)
    recipe = load_recipe(path)
    assert recipe.train
    run = folder / "build/lock/runs/001-abc"
    run.mkdir(parents=True, exist_ok=True)
    return Job(path, recipe, recipe.train, folder / "build/lock/dataset/001", folder, Silent(), Run(run, "001"))


def fake_export(merged: Path, out: Path, *, publisher: str, model: str, quants: list[str], **_: Any) -> Any:
    from export.bundle import Card, Made, write_bundle

    files = [merged.parent / f"{model}-{kind}.gguf" for kind in quants]
    for file in files:
        file.write_bytes(b"GGUF" + file.name.encode())
    return write_bundle(out, Card(publisher, model, "tiny", None, None), Made(files, [], []))


def export(job: Job) -> list[str]:
    delivery.begin_delivery(job)
    return delivery.export(job, PREPARED).files


def test_an_export_that_fails_leaves_what_was_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "export.export", SimpleNamespace(export_model=fake_export))
    job = job_of(tmp_path)
    assert export(job) == ["export/me/lock/lock-q8_0.gguf"]
    (job.folder / "manifest.json").write_text("{}")
    delivered = sorted((job.folder / "export").rglob("*"))

    def fails(*_: Any, **__: Any) -> None:
        raise MachineError("the disk is full")

    monkeypatch.setitem(sys.modules, "export.export", SimpleNamespace(export_model=fails))
    for change in ("gguf: [q6_k]", "publisher: you", "sampling: {temperature: 0.3}"):
        with pytest.raises(MachineError):
            export(job_of(tmp_path, change))
        assert sorted((job.folder / "export").rglob("*")) == delivered
        assert (job.folder / "manifest.json").exists() == ("sampling" not in change)  # other answers: another run
    monkeypatch.setitem(sys.modules, "export.export", SimpleNamespace(export_model=fake_export))
    assert export(job_of(tmp_path, "publisher: you, gguf: [q6_k]")) == ["export/you/lock/lock-q6_k.gguf"]
    assert [path.name for path in (job.folder / "export").iterdir()] == ["you"]


def test_the_same_quantization_twice_is_made_once(tmp_path: Path) -> None:
    assert job_of(tmp_path, "gguf: [q8_0, q6_k, q8_0]").recipe.export.gguf == ["q8_0", "q6_k"]


# --- damaged parts ---


def weights(file: Path) -> Path:
    import numpy as np
    from safetensors.numpy import save_file

    file.parent.mkdir(exist_ok=True)
    save_file({"weight": np.ones(64, np.float32)}, file)
    return file


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2])


def done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A finished run with every part that is looked at."""
    monkeypatch.setitem(sys.modules, "export.export", SimpleNamespace(export_model=fake_export))
    job = job_of(folder)
    run = job.folder
    for file in ("adapter/adapter_model.safetensors", "merged/model.safetensors"):
        weights(run / file)
    for file in ("adapter/adapter_config.json", "trained.json"):
        (run / file).write_text("{}")
    job.keep_recipe()
    job.made.gguf = export(job)
    store = AnswerStore(run)
    store.add([Answer("q", "voice", "Wait?", "model", True, tuned, False, 1, "No.", True) for tuned in (False, True)])
    store.close()
    (run / "probes.json").write_text(json.dumps({"answers": 2, "probes": []}))
    job.made.metrics = {"rows": {"train": 1, "tokens": 9}, "sft": {"steps": 1}}
    write_manifest(job.made, base_model="builtin:tiny", evaluate=job.measured_by, export=job.delivered_as)
    assert unchanged(job)
    return job


def unchanged(job: Job) -> bool:
    return finished(job.folder, job.measured_by, job.delivered_as) is not None


@pytest.mark.parametrize(
    "part", ["manifest.json", "probes.json", "answers.parquet", "merged/model.safetensors", "export/me/lock/lock-q8_0.gguf"]
)
@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_run_with_a_damaged_part_is_not_finished(
    part: str, damage: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = done(tmp_path, monkeypatch)
    damage(job.folder / part)
    assert not unchanged(job)
    check_adapter(job)
    assert are_weights_whole(job.folder / "merged") == (not part.startswith("merged"))
    export(job)
    assert (job.folder / "export/me/lock/lock-q8_0.gguf").read_bytes() == b"GGUFlock-q8_0.gguf"
    assert len(AnswerStore(job.folder).answers) == (0 if part == "answers.parquet" else 2)  # else they are asked again


@pytest.mark.parametrize("part", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_damaged_adapter_is_named_with_the_way_out(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = done(tmp_path, monkeypatch)
    cut(job.adapter / part)
    with pytest.raises(CallError, match="the trained adapter is") as told:
        check_adapter(job)
    assert told.value.where == str(job.adapter / part) and f"remove {job.folder}" in str(told.value.fix)


def test_every_reader_names_the_part_that_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = done(tmp_path, monkeypatch)
    run, part = job.folder, job.folder / "answers.parquet"
    whole = part.read_bytes()

    def told(work: Callable[[], object], part: str, fix: str = "`train run ") -> None:
        with pytest.raises(CallError, match=r"is gone|is damaged") as error:
            work()
        assert error.value.where == str(run / part) and fix in str(error.value.fix) and "lock.yaml" in str(error.value.fix)

    for damaged in (None, b"", b"rubbish"):
        part.unlink()
        if damaged is not None:
            part.write_bytes(damaged)
        told(lambda: write_page(*read_runs([run])), part.name)
        told(lambda: measure_quants(run, Silent()), part.name)
        assert any(str(part) in line for line in lines([RunView(run)]))
        part.write_bytes(whole)
    (run / "probes.json").write_text("{")
    told(lambda: read_runs([run]), "probes.json")
    (run / "probes.json").write_text('{"answers": 2, "probes": []}')
    gguf = "export/me/lock/lock-q8_0.gguf"
    for damage in (cut, Path.unlink):
        damage(run / gguf)
        told(lambda: exported_file(run, None), gguf, "`train export ")
        told(lambda: measure_quants(run, Silent()), gguf, "`train export ")


def test_a_run_with_a_damaged_manifest_keeps_no_other_from_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = done(tmp_path, monkeypatch)
    for number, text in enumerate(("{", "{}", "[]"), 2):
        (job.folder.parent / f"00{number}-def").mkdir()
        (job.folder.parent / f"00{number}-def/manifest.json").write_text(text)
    sound, *damaged = list_runs(job.recipe_path)
    assert (sound["run"], sound["verdict"]) == ("001-abc", "unfinished")
    assert [(each["run"], each["verdict"]) for each in damaged] == [(f"00{number}-def", "damaged") for number in (2, 3, 4)]
    assert "manifest.json: is damaged" in damaged[0]["summary"] and "`train run " in damaged[0]["summary"]
    with pytest.raises(CallError, match="is damaged"):
        exported_file(Path(damaged[0]["folder"]), None)
