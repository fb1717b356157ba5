"""Files become documents. A file that cannot be read is named, with what mends it, before a cent is spent."""

from __future__ import annotations

import glob
import re
import warnings
from pathlib import Path

from curate.model import Document
from curate.read.plain import html_to_plain, markdown_to_plain, pdf_to_plain, tidy
from recipes.errors import CallError
from recipes.schema import Source

MARKDOWN = {".md", ".markdown", ".mdown"}
PLAIN = {".txt", ".text", ".rst", ".org"}
HTML = {".html", ".htm", ".xhtml"}
CONVERTED = {".docx", ".pdf", ".pptx", ".epub"}
READABLE = MARKDOWN | PLAIN | HTML | CONVERTED
LARGEST_BYTES = 20_000_000
"""A whole library in one file is a mistake: evidence and splits work by document."""


class Unreadable(Exception):
    """Why a file cannot be read, with the mend."""


def source_files(source: Source) -> list[Path]:
    """The files that a source names, sorted; or the one folder: a dataset of pairs, or an export of conversations.

    Raises:
        CallError: it names none.
    """
    if source.as_ != "documents" and Path(source.path).is_dir():
        return [Path(source.path)]
    left_out = {name for pattern in source.exclude for name in glob.glob(pattern, recursive=True)}
    files = sorted(Path(name) for name in set(glob.glob(source.path, recursive=True)) - left_out if Path(name).is_file())
    if not files:
        if Path(source.path).is_dir():
            raise CallError(
                "is a folder, and a pattern is needed", where=source.path, mend=f"Write {source.path}/**/*.* for all in it."
            )
        mend = "Put your files there, or mend `sources[].path`; `**` reaches into folders."
        raise CallError("no file is found here", where=source.path, mend=mend)
    return files


def read_document(path: Path, name: str, rights: str) -> Document:
    """The document in a file.

    Args:
        path: the file.
        name: how it is called in the ledger and the dataset.
        rights: on what ground it may be used.

    Raises:
        Unreadable: it cannot be read as what its name says it is, or holds no text.
    """
    title, text = _title_and_text(path)
    if not re.search(r"\w", text):
        raise Unreadable("holds no text; scanned pages need optical character recognition first")
    return Document(path=name, title=title or _first_heading(text) or path.stem, text=text, rights=rights)


def _title_and_text(path: Path) -> tuple[str, str]:
    suffix = path.suffix.lower()
    if suffix not in READABLE:
        raise Unreadable(f"is not of a kind that can be read ({', '.join(sorted(READABLE))})")
    try:
        size = path.stat().st_size
        if size == 0:
            raise Unreadable("is empty; remove it, or name it under `exclude`")
        if size > LARGEST_BYTES:
            raise Unreadable(f"is {size / 1e6:.0f} MB, and a document may have {LARGEST_BYTES / 1e6:.0f}; split it by chapter")
        if suffix in CONVERTED:
            return _converted(path)
        text = decode(path.read_bytes())
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    if suffix in HTML:
        return html_to_plain(text)
    if suffix in MARKDOWN:
        return markdown_to_plain(text)
    return "", tidy(text)


def decode(data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark.

    Raises:
        Unreadable: it is neither; says where, what it may be, and how to convert it.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if b"\x00" in data[:4096]:
            raise Unreadable("is not text") from None
        raise Unreadable(
            f"is not UTF-8 (byte 0x{data[error.start]:02x} in line {line}); it may be Windows-1252: "
            "`iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW` converts it"
        ) from None


def _converted(path: Path) -> tuple[str, str]:
    from markitdown import MarkItDown

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = MarkItDown(enable_plugins=False).convert_local(path)
    except Exception as error:
        told = f"{type(error).__name__} {error}"
        if "password" in told.lower() or "encrypt" in told.lower():
            raise Unreadable("is encrypted; save a copy without its password") from None
        reason = told.strip().splitlines()[-1][:160]
        raise Unreadable(f"cannot be read as {path.suffix[1:].upper()} ({reason}); open it and save it anew") from None
    if result.markdown.startswith("Content from the zip file"):
        raise Unreadable(f"cannot be read as {path.suffix[1:].upper()} (it is some other ZIP file); open it and save it anew")
    if path.suffix.lower() == ".pdf":
        return "", pdf_to_plain(result.markdown)
    title, text = markdown_to_plain(result.markdown)
    return title or (result.title or "").strip(), text


def _first_heading(text: str) -> str:
    found = re.search(r"^#{1,2} (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""
