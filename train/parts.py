"""Whether the parts of a run are whole: those that can be made again then are, and the others are named."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from export.bundle import SUMS
from export.model_files import stored_tensors, weight_files
from likeness.errors import CallError
from likeness.sums import remembered_sums
from train.runs import lost, read_part

if TYPE_CHECKING:
    from train.job import Job


def damaged_ggufs(folder: Path, among: str = "*.gguf") -> list[str]:
    """Exported files that are gone, or not as they were when they were proven.

    Args:
        folder: the exported one.
        among: only files that are called so.
    """
    sums = folder / SUMS
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines() if sums.is_file() else []
    named = {Path(name): proven for proven, _, name in (line.partition("  ") for line in lines) if Path(name).match(among)}
    there = [name for name in named if (folder / name).is_file()]
    found = dict(zip(there, remembered_sums([folder / name for name in there]), strict=True))
    return [str(name) for name, proven in named.items() if found.get(name) != proven]


def check_gguf(run: Path, file: Path) -> Path:
    """An exported file, once it is proven to be the one that was exported.

    Raises:
        CallError: it is gone or damaged.
    """
    if not file.is_file():
        raise lost(run, str(file.relative_to(run)), "is gone", "export")
    if damaged_ggufs(file.parent, file.name):
        raise lost(run, str(file.relative_to(run)), "is damaged: it is not the file that was exported", "export")
    return file


def are_weights_whole(folder: Path) -> bool:
    """Whether all weights of a model's folder are there, and none is cut short."""
    with suppress(CallError, OSError, ValueError, KeyError):
        files = weight_files(folder)
        return bool(files) and all(stored_tensors(file) for file in files)
    return False


def are_answers_whole(run: Path) -> bool:
    """Whether there are as many answers as the probes were made of."""
    import pyarrow.parquet as pq

    try:
        asked = read_part(run, "probes.json").get("answers", 0)
        return not asked or pq.ParquetFile(run / "answers.parquet").metadata.num_rows == asked
    except (CallError, OSError, ValueError):
        return False


def check_adapter(job: Job) -> None:
    """See that an adapter that was trained is still there.

    Raises:
        CallError: it is gone or damaged: only training makes it again.
    """
    preference = job.settings.preference is not None
    trained = (job.folder / ("preferred.json" if preference else "trained.json")).is_file()
    if not trained or (preference and not job.adapter.is_dir()):  # there preference training makes it again
        return
    where = job.adapter / "adapter_config.json"
    try:
        json.loads(where.read_text(encoding="utf-8"))
        where = job.adapter / "adapter_model.safetensors"
        stored_tensors(where)
    except (CallError, OSError, ValueError) as error:
        what = error.what if isinstance(error, CallError) else "is gone or damaged"
        again = f"remove {job.folder} and train it again: train run {shlex.quote(str(job.recipe_path))}"
        raise CallError(f"the trained adapter {what}", where=str(where), fix=f"Copy it back, or {again}") from None
