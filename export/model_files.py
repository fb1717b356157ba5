"""Which files of a model's folder are its tokenizer, and which its weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError

# Everything that a tokenizer and its chat template may consist of. They are copied, never rewritten: saving a
# tokenizer through transformers 5 drops `tokenizer.model` and may change what it wrote last time.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
TEMPLATE_FOLDER = "additional_chat_templates"


TEMPLATE_FILE = "chat_template.jinja"
INDEX = "model.safetensors.index.json"
ONE_FILE = "model.safetensors"
LFS_POINTER = b"version https://git-lfs"
"""How a file begins that `git clone` writes where Git LFS is not installed."""


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights, as transformers reads them: `model.safetensors`, or else those that its index names.

    Without either, all there are. Mistral's models carry all weights a second time, in `consolidated.safetensors`.
    """
    if (folder / ONE_FILE).is_file():
        return [folder / ONE_FILE]
    return indexed_files(folder) or sorted(
        path for path in folder.glob("*.safetensors") if not path.name.startswith("consolidated")
    )


def indexed_files(folder: Path) -> list[Path]:
    """The files that the index of a model's weights names, whether they are there or not; none without an index."""
    if not (folder / INDEX).is_file():
        return []
    named = json.loads((folder / INDEX).read_text(encoding="utf-8")).get("weight_map", {})
    return [folder / name for name in sorted(set(named.values()))]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a safetensors file says of a tensor: its type, in the file's words, and its shape."""

    dtype: str
    shape: tuple[int, ...]


def stored_tensors(file: Path) -> dict[str, Stored]:
    """What a safetensors file holds, by name, from its header; no weights are read.

    Raises:
        CallError: it is not there, a Git LFS pointer, cut short, or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    check_fetched(file)
    try:
        with safe_open(file, "np") as stream:
            parts = {name: stream.get_slice(name) for name in stream.keys()}  # noqa: SIM118 - not a dict
            return {name: Stored(part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()}
    except SafetensorError as error:
        what = "is empty" if file.stat().st_size == 0 else f"is cut short, or not a safetensors file ({error})"
        raise CallError(what, where=str(file), fix="Fetch or copy it again.") from None


def check_fetched(file: Path) -> None:
    """See that a file is there, and that it is the file itself.

    Raises:
        CallError: it is missing, or Git LFS has left a pointer in its place.
    """
    if not file.is_file():
        raise CallError("is missing", where=str(file), fix="Fetch or copy it again.")
    with file.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            fix = "Fetch it: `git lfs pull` in its folder, or give the model's hub id."
            raise CallError("is a Git LFS pointer, not the file that it points to", where=str(file), fix=fix)


def tokenizer_files(folder: Path) -> list[Path]:
    """The files of a model's folder that make its tokenizer and its chat templates."""
    more = sorted((folder / TEMPLATE_FOLDER).glob("*.jinja"))
    return [folder / name for name in TOKENIZER_FILES if (folder / name).is_file()] + more


def copy_tokenizer(source: Path, target: Path, template: str | None = None) -> None:
    """Copy a tokenizer's files into another folder.

    Args:
        source: a model's folder.
        target: the folder to copy to.
        template: a chat template to take the place of the tokenizer's own, and of those that go by a name.
    """
    for file in tokenizer_files(source):
        if template is None or file.parent == source:
            (target / file.relative_to(source)).parent.mkdir(exist_ok=True)
            shutil.copyfile(file, target / file.relative_to(source))
    if template is not None:
        (target / "chat_template.json").unlink(missing_ok=True)
        (target / TEMPLATE_FILE).write_text(template, encoding="utf-8", newline="")


def load_tokenizer(folder: Path) -> Any:
    """A folder's tokenizer; of several named chat templates it takes `default`."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if isinstance(tokenizer.chat_template, dict):
        tokenizer.chat_template = tokenizer.chat_template.get("default")
    return tokenizer
