"""A disk without room: a run is refused at its start, and what fills it later is told as that, whichever library met it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from likeness.errors import CallError, MachineError
from likeness.files import is_disk_full
from likeness.progress import Silent
from tests.make import tiny_base, write_recipe
from train import disk
from train.job import open_job
from train.plan import plan
from train.result import StepResult
from train.run import train

FULL = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError("3145728 requested and 2930096 written"),  # numpy
    Exception("No space left on device (os error 28)"),  # safetensors and tokenizers
    RuntimeError("[enforce fail at inline_container.cc:862] . PytorchStreamWriter failed writing file data/3: file write failed"),
    CallError("llama.cpp could not logits: OSError: Not enough free space to write 75497472 bytes after offset 128"),
    CallError("llama.cpp could not quantize: basic_ios::clear: iostream error"),
]


@pytest.fixture
def recipe(here: Path, tiny: Path) -> Path:
    from transformers import AutoTokenizer

    return write_recipe(here, tiny_base(here / "base", AutoTokenizer.from_pretrained(tiny), tie_word_embeddings=True))


def test_a_run_is_refused_at_its_start_where_the_disk_has_clearly_no_room(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = plan(recipe, Silent()).disk[0]
    monkeypatch.setattr(disk, "disk_free", lambda _folder: needed // 2)
    with pytest.raises(MachineError, match=f"the run needs about {disk.in_mb(needed)} more") as refused:
        train(recipe, Silent())
    assert refused.value.exit_code == 3 and "--build" in str(refused.value.fix)
    assert not list(recipe.parent.glob("build/*/runs/*/checkpoints"))
    assert any(line.startswith(f"disk      about {disk.in_mb(needed)}") for line in plan(recipe, Silent()).lines())


def test_a_full_disk_is_told_as_that_whoever_met_it(recipe: Path) -> None:
    job = open_job(recipe, Silent())

    def fail(error: Exception) -> StepResult:
        raise error

    for error in FULL:
        assert is_disk_full(error)
        with pytest.raises(
            MachineError, match=r"the disk is full: a whole run takes about \d+ MB, and [\d,.]+ .B are free now"
        ) as told:
            job.step("train", fail, error)
        assert str(job.folder) in str(told.value.where)
    assert not is_disk_full(ValueError("no such layer"))
