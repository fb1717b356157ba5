"""A document as golden files show it: its title, each block with its kind, what was left out and why."""

from pathlib import Path

from curate.model import Document
from curate.read.documents import read_document

GOLDEN = Path(__file__).with_name("golden")


def shown(document: Document) -> str:
    """The document as a person can check it against the file."""
    blocks = [f"[{each.kind}] {document.text[each.start : each.end]}" for each in document.blocks]
    gone = [f"({each.reason}) {' '.join(each.text.split())[:70].rstrip()}" for each in document.left_out]
    return "\n".join([f"title: {document.title}", "", *blocks, "", *gone]) + "\n"


def golden_cases(suffix: str) -> list[str]:
    """The names of the cases whose file has this suffix."""
    return sorted(path.parent.name for path in GOLDEN.glob(f"*/*{suffix}"))


def read_golden(case: str) -> tuple[Document, str]:
    """The document of a case, and what is right."""
    folder = GOLDEN / case
    source = next(path for path in folder.iterdir() if path.name != "right.txt")
    return read_document(source, source.name, "own"), (folder / "right.txt").read_text(encoding="utf-8")
