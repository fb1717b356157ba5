"""Files and folders that appear whole or not at all, and the files that make a tokenizer."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Everything that a tokenizer and its chat template may consist of. They are copied, never written anew: saving a
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


def copy_tokenizer(source: Path, target: Path) -> list[str]:
    """Copy the tokenizer files that `source` has into the folder `target`; returns their names."""
    copied = [name for name in TOKENIZER_FILES if (source / name).is_file()]
    for name in copied:
        shutil.copyfile(source / name, target / name)
    if (source / TEMPLATE_FOLDER).is_dir():
        shutil.copytree(source / TEMPLATE_FOLDER, target / TEMPLATE_FOLDER)
        copied.append(TEMPLATE_FOLDER)
    return copied


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary sibling of `folder` to write in; it takes `folder`'s place only if the block succeeds.

    An older `folder` stays until the new one is complete.
    """
    part = folder.with_name(f".{folder.name}.part")
    remove(part)
    part.mkdir(parents=True)
    try:
        yield part
        old = folder.with_name(f".{folder.name}.old")
        remove(old)
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
        remove(old)
    finally:
        remove(part)


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Give a temporary sibling of `file` to write; it takes `file`'s place only if the block succeeds."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        yield part
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder and all it holds; nothing happens where there is none."""
    if folder.exists():
        shutil.rmtree(folder)


def sha256(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
