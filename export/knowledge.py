"""The author's passages beside an exported model: an index for `train chat`, and text files for an app's own knowledge folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from likeness.files import atomic_folder
from likeness.retrieval import Knowledge

INDEX = "knowledge.db"


def write_knowledge(folder: Path, passages: Sequence[dict[str, str]]) -> None:
    """Write `knowledge.db`, and each document's passages as a Markdown file; the folder appears whole.

    Args:
        folder: where to, usually `knowledge/` beside the GGUF files.
        passages: each with id, document, heading and text.

    Raises:
        MachineError: the folder cannot be written to.
    """
    with atomic_folder(folder) as part:
        Knowledge.of(passages, part / INDEX).close()
        documents: dict[str, list[str]] = {}
        for each in passages:
            heading = f"## {each['heading']}\n\n" if each.get("heading") else ""
            documents.setdefault(each["document"], []).append(f"{heading}{each['text']}")
        for number, (name, texts) in enumerate(documents.items(), 1):
            plain = re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.") or "document"
            (part / f"{number:03d}-{plain}.md").write_text("\n\n".join(texts) + "\n", encoding="utf-8")


def open_knowledge(folder: Path) -> Knowledge | None:
    """The index beside an exported model; None where none was shipped.

    Args:
        folder: the folder of the GGUF files.
    """
    file = folder / "knowledge" / INDEX
    return Knowledge.open(file) if file.is_file() else None
