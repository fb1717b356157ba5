"""The kinds of files that `init` finds and nothing reads: how many there are of each, and what to save them as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from curate.read.documents import READABLE, REFUSED

TRIED_BYTES = 4096


def unread_kinds(paths: Sequence[Path]) -> dict[str, str]:
    """By number and suffix why files are not read, and the fix; those first that are likely to hold the most words.

    Args:
        paths: all files that were found.
    """
    by_suffix: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        if path.suffix.lower() not in READABLE:
            by_suffix[path.suffix.lower()].append(path)
    kinds = []
    for suffix, files in by_suffix.items():
        name = f"{len(files)} {suffix or ('file' if len(files) == 1 else 'files') + ' without a suffix'}"
        is_text = any(map(_is_text, files))
        why = "not of a kind that is read" + ("; save what is your text as .txt or .md" if is_text else "")
        if suffix in REFUSED:
            why = f"not read: {'it' if len(files) == 1 else 'each'} {REFUSED[suffix]}"
        kinds.append((suffix not in REFUSED, not is_text, -sum(map(_size, files)), name, why))
    return {name: why for *_, name, why in sorted(kinds)}


def _is_text(path: Path) -> bool:
    """Whether a file begins as text does: a binary file has zeros."""
    try:
        with path.open("rb") as file:
            begin = file.read(TRIED_BYTES)
    except OSError:
        return False
    return bool(begin.strip()) and b"\0" not in begin


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
