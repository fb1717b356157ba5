"""The room on the disk that a run takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from export.model_files import weight_files
from likeness.errors import LikenessError, MachineError
from train.base import parameters
from train.workload import adapted, read_shape

if TYPE_CHECKING:
    from train.job import Job

BITS = {"q8_0": 8.5, "q6_k": 6.6, "q5_k_m": 5.7, "q4_k_m": 4.9, "q3_k_m": 3.9, "iq4_xs": 4.3, "iq4_nl": 4.5, "iq3_m": 3.7}
"""Of a weight in each type of file, as llama.cpp's README measures them on Llama 3.1 8B; smaller models need a little more."""
CHECKPOINTS = 3
"""The two that are kept and the one that is being written, each with an adapter and two moments of every weight, in float32."""
CLEARLY = 0.9
"""A run is refused where less than this share of what it needs is free: the need is an estimate."""


def disk_needed(job: Job) -> int:
    """About how many bytes a run takes at most: in training its checkpoints, later the merged model and every file made of it.

    Args:
        job: the run.
    """
    from export.probe import SEQUENCE_TOKENS

    weights = parameters(job.base)
    shape = read_shape(json.loads((job.base / "config.json").read_text(encoding="utf-8")), weights)
    lora = job.settings.lora
    adapter = 4 * shape.layers * sum(lora.r * (part.takes + part.gives) for part in adapted(shape, lora.target_modules))
    merged = sum(file.stat().st_size for file in weight_files(job.base))
    files = 2 * weights + sum(round(weights * BITS[kind] / 8) for kind in job.recipe.export.gguf)
    logits = SEQUENCE_TOKENS * shape.vocabulary * 4
    return adapter + max(CHECKPOINTS * 3 * adapter, merged + files + logits)


def disk_free(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.is_dir())).free


def check_disk(job: Job) -> None:
    """Refuse a run that the disk has clearly no room for.

    Args:
        job: the run; what it has written already needs no more room.

    Raises:
        MachineError: less is free than it needs.
    """
    written = sum(path.stat().st_size for path in job.folder.rglob("*") if path.is_file())
    needed, free = disk_needed(job) - written, disk_free(job.folder)
    if free < CLEARLY * needed:
        raise MachineError(
            f"the disk has too little room: the run needs about {in_mb(needed)} more, and {in_mb(free)} are free",
            where=str(job.folder),
            fix="Free some room, keep the build elsewhere with --build DIR, or make fewer files of `export.gguf`.",
        )


def disk_full(job: Job, error: Exception) -> MachineError:
    """The message for a disk that became full in a step.

    Args:
        job: the run.
        error: what the step failed with.
    """
    where = error.where if isinstance(error, MachineError) else None
    said = (error.what if isinstance(error, LikenessError) else str(error)).splitlines()[0][:120]
    takes = "" if job.settings.hosted else f"a whole run takes about {in_mb(disk_needed(job))}, and "
    return MachineError(
        f"the disk is full: {takes}{in_mb(disk_free(job.folder))} are free now that what was half made is removed ({said})",
        where=where or str(job.folder),
        fix="Free some room and run the command again; what was done is kept.",
    )


def in_mb(count: int) -> str:
    """So many bytes, for people."""
    return f"{count / 1e6:,.0f} MB" if count < 10e9 else f"{count / 1e9:,.1f} GB"
