"""Sums of files: of a dataset's tables, which its manifest names, and of large files, remembered so that each is read once."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from likeness.errors import CallError, MachineError
from likeness.files import sha256, write_atomic

TABLES = ("sft", "preference", "control", "probes")
"""Folders of a dataset whose rows are trained on, held out or asked."""
FILES = "files"
"""The manifest's key of their sums, by path."""


def table_sums(dataset: Path, *, remembered: bool = False) -> dict[str, str]:
    """SHA-256 of each of a dataset's tables, by its path in the folder.

    Args:
        dataset: the folder.
        remembered: take the sum that a file had when it was last read, where its size and time of change are the same.
    """
    files = sorted(file for table in TABLES for file in (dataset / table).glob("*.parquet"))
    sums = remembered_sums(files) if remembered else [sha256(file) for file in files]
    return dict(zip((file.relative_to(dataset).as_posix() for file in files), sums, strict=True))


def changed_table(dataset: Path) -> str | None:
    """A table that is not as the manifest says, or that it does not name; None where all are.

    Manifests of earlier versions name none: there the numbers of rows are compared.
    """
    named = json.loads((dataset / "manifest.json").read_text(encoding="utf-8")).get(FILES)
    if named is None:
        return _table_of_other_length(dataset)
    found = table_sums(dataset, remembered=True)
    return next((path for path in sorted(named | found) if named.get(path) != found.get(path)), None)


def _table_of_other_length(dataset: Path) -> str | None:
    import pyarrow.parquet as pq

    counts = json.loads((dataset / "manifest.json").read_text(encoding="utf-8")).get("counts", {})
    for split in ("train", "validation"):
        file = dataset / "sft" / f"{split}.parquet"
        rows = pq.ParquetFile(file).metadata.num_rows if file.is_file() else 0
        if counts.get(split, rows) != rows:
            return f"sft/{split}.parquet"
    return None


def check_tables(dataset: Path) -> Path:
    """The dataset's folder, once its tables are proven to be those that were built.

    Raises:
        CallError: one was changed, added or removed.
    """
    if path := changed_table(dataset):
        fix = (
            "`curate build RECIPE` writes it again. To change rows, change them where they come from: in the sources, or with "
            "`curate review`."
        )
        raise CallError("is not the file that was built: it was changed by hand or damaged", where=str(dataset / path), fix=fix)
    return dataset


def remembered_sums(files: Sequence[Path]) -> list[str]:
    """SHA-256 of each file; weights and tables may have gigabytes, so sums are remembered by size and time of change."""
    memory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness", "sha256.json")
    try:
        known: dict[str, list[object]] = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    before = dict(known)
    found = []
    for file in files:
        state = file.stat()
        key, now = str(file.resolve()), [state.st_size, state.st_mtime_ns]
        if known.get(key, [])[:2] != now:
            known[key] = [*now, sha256(file)]
        found.append(str(known[key][2]))
    if known != before:
        with suppress(MachineError):  # without the cache it only takes longer
            write_atomic(memory, json.dumps(known))
    return found
