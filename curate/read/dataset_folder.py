"""A Hugging Face dataset's folder: one that `save_to_disk` wrote, or one with the layout of the hub.

Nothing is fetched and nothing in it is run. The card may name the files of each configuration (huggingface.co/docs/hub,
"Manual configuration"); only files inside the folder are read, whatever it says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from curate.model import Stage
from curate.read.documents import Unreadable

ROWS = {".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv"}
TEST = re.compile(r"(?:^|[/._-])test(?:$|[/._-])", re.IGNORECASE)


def dataset_rows(folder: Path, rows_of: Callable[[Path], Iterator[Any]], stage: Stage) -> Iterator[Any]:
    """The rows of all splits but `test`, whose rows are not for training; they are counted in `stage`.

    Args:
        folder: the dataset's.
        rows_of: reads one file.
        stage: counts what is left out.

    Raises:
        Unreadable: it is not a dataset, is damaged, or has several configurations and no default.
    """
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        splits = _saved(folder)
    else:
        splits = _on_the_hub(folder, rows_of)
    for split, rows in splits:
        if TEST.search(split):
            stage.count("in the test split", sum(1 for _ in rows))
        else:
            yield from rows


def _saved(folder: Path) -> Iterator[tuple[str, Iterator[Any]]]:
    from datasets import DatasetDict, load_from_disk

    try:
        saved = load_from_disk(str(folder))
    except Exception as error:  # the library lets all errors of its dependencies through
        raise Unreadable(f"cannot be read as a saved dataset: {str(error).splitlines()[0][:160]}") from None
    parts = saved if isinstance(saved, DatasetDict) else {"train": saved}
    for split, dataset in parts.items():
        yield str(split), iter(dataset)


def _on_the_hub(folder: Path, rows_of: Callable[[Path], Iterator[Any]]) -> Iterator[tuple[str, Iterator[Any]]]:
    files = _named_by_the_card(folder)
    if files is None:
        files = _of_one_kind(folder)
    if not files:
        raise Unreadable(f"is a folder without a dataset: no file name ends with {', '.join(sorted(ROWS))}")
    for split, path in files:
        yield split, _in_words(path.relative_to(folder), rows_of(path))


def _of_one_kind(folder: Path) -> list[tuple[str, Path]]:
    """(name, file) of all data files with the commonest suffix, so that a dataset stored in two formats is read once."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ROWS and path.is_file())
    named = [(path.relative_to(folder).as_posix(), path) for path in found]
    shown = [(name, path) for name, path in named if not re.search(r"(?:^|/)\.", name)]
    kinds = Counter(path.suffix.lower() for _, path in shown)
    return [(name, path) for name, path in shown if path.suffix.lower() == kinds.most_common(1)[0][0]]


def _in_words(name: Path, rows: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from rows
    except Unreadable as error:
        raise Unreadable(f"holds {name}, which {error}") from None


def _named_by_the_card(folder: Path) -> list[tuple[str, Path]] | None:
    """(split, file) of the default configuration; None if the card lists no configuration."""
    configurations = [entry for entry in _card(folder).get("configs") or [] if isinstance(entry, dict)]
    if not configurations:
        return None
    default = [entry for entry in configurations if entry.get("default") or entry.get("config_name") == "default"]
    if len(chosen := default or configurations) > 1:
        names = ", ".join(str(entry.get("config_name")) for entry in configurations)
        raise Unreadable(f"holds several datasets ({names}) and none is the default; name the files of one")
    named = chosen[0].get("data_files")
    if named is None:
        named = f"{chosen[0].get('data_dir', '.')}/**/*"
    entries = named if isinstance(named, list) else [named]
    files = []
    for entry in entries:
        split, paths = (str(entry.get("split", "train")), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        for pattern in paths if isinstance(paths, list) else [paths]:
            files += [(split, path) for path in _inside(folder, str(pattern))]
    return files


def _inside(folder: Path, pattern: str) -> list[Path]:
    if not pattern or "://" in pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise Unreadable(f"has a card that names {pattern[:80]!r}, which is not in the folder; nothing else is read")
    return sorted(path for path in folder.glob(pattern) if path.suffix.lower() in ROWS and path.is_file())


def _card(folder: Path) -> dict[str, Any]:
    """The YAML at the head of README.md."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    front = re.match(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", text, re.DOTALL)
    try:
        data = YAML(typ="safe").load(front[1]) if front else None
    except YAMLError as error:
        raise Unreadable(f"has a README.md whose head is not YAML: {str(error).splitlines()[0][:120]}") from None
    return data if isinstance(data, dict) else {}
