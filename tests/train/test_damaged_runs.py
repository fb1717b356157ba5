"""A run whose parts were cut, lost or only half made again: what can be made again is, and the rest is named."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from likeness.errors import MachineError
from likeness.progress import Silent
from likeness.recipe.load import load_recipe
from tests.make import write_recipe
from train import delivery
from train.job import Job
from train.result import Run

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
