"""Read files as documents. A file that cannot be read is reported, with the fix, before any money is spent."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable
from email import message_from_bytes
from importlib import import_module
from pathlib import Path
from typing import Any

from curate.model import Document
from curate.read.encoding import decode_text
from curate.read.markdown import read_markdown
from curate.read.org import read_org
from curate.read.plain_text import read_plain_text
from curate.read.reading import OthersSpeak, Reading, Unreadable
from curate.read.speakers import is_transcript
from likeness.errors import CallError
from likeness.files import is_named_in_utf8, name_as_text
from likeness.recipe.folders import holds_results
from likeness.recipe.schema import Source

__all__ = ["Unreadable", "decode", "holds_words", "read_document", "refuse_name", "source_files"]

LARGEST_BYTES = 20_000_000
"""Largest file. A whole library in one file would be one document, and evidence and splits work by document."""
LARGEST_WITH_PICTURES = 200_000_000
"""Largest file of a format that holds pictures beside its text."""


def source_files(source: Source) -> list[Path]:
    """The files that a source names, sorted; or one folder, if it is a dataset of pairs or an export of conversations."""
    if source.as_ != "documents" and Path(source.path).is_dir():
        return [Path(source.path)]
    left_out = {name for pattern in source.exclude for name in glob.glob(pattern, recursive=True)}
    found = [Path(name) for name in set(glob.glob(source.path, recursive=True)) - left_out]
    files = sorted(path for path in found if path.is_file() or (source.as_ == "conversations" and path.suffix == ".mbox"))
    if source.as_ == "documents":
        named = Path(re.split(r"[*?\[]", source.path, maxsplit=1)[0])
        files = [path for path in files if holds_words(path) and not _is_result(path, named)]
    return files


def no_file(source: Source) -> CallError:
    """The error for a source that names no file."""
    if Path(source.path).is_dir():
        fix = f"Write {source.path}/**/*.* for all in it."
        return CallError("is a folder, but a pattern is needed", where=source.path, fix=fix)
    fix = "Put your files there, or correct `sources[].path`; `**` reaches into folders."
    return CallError("no file matches", where=source.path, fix=fix)


def folder_read_by_suffix(source: Source) -> str | None:
    """The folder of a source that names its files of one format, as `curate init` writes them: `notes/**/*.md`."""
    found = re.fullmatch(r"(.+)/\*\*/\*(\.\w+)", source.path)
    return found[1] if found and source.as_ == "documents" and found[2].lower() in READABLE else None


def _is_result(path: Path, named: Path) -> bool:
    """Whether a pattern reaches into the folder of a build; `named` is what stands before its first sign for anything."""
    between = path.parents[: max(0, len(path.parts) - len(named.parts))]
    return any(holds_results(folder) for folder in between)


def holds_words(path: Path) -> bool:
    """Whether a file may be a document: an export of Joplin has hundreds of notebooks and tags that nobody would exclude."""
    if path.suffix.lower() in (".json", ".html"):
        from curate.read.keep import is_told_elsewhere

        return not is_told_elsewhere(path)
    if path.suffix.lower() == ".js":
        from curate.read.posts import is_archive_of_x

        return is_archive_of_x(path)
    if path.suffix.lower() != ".md":
        return True
    from curate.read.joplin import is_no_note

    return not is_no_note(path)


def refuse_name(path: Path) -> None:
    """Say of a file that its name cannot be kept in the ledger.

    Raises:
        Unreadable: the name, or that of a folder above it, is not UTF-8.
    """
    if not is_named_in_utf8(path):
        raise Unreadable("has a name that is not UTF-8 (an old disk's encoding); rename it")


def read_document(path: Path, name: str, rights: str) -> Document:
    """The document in a file.

    Args:
        path: the file.
        name: how it is called in the ledger and the dataset.
        rights: on what ground it may be used.

    Raises:
        Unreadable: it cannot be read as the format that its suffix names, or has no text.
    """
    refuse_name(path)
    suffix = path.suffix.lower()
    if suffix in REFUSED:
        raise Unreadable(REFUSED[suffix])
    if suffix not in READABLE:
        raise Unreadable(f"is not a file type that can be read ({', '.join(READABLE)})")
    characters = 0
    try:
        size = path.stat().st_size
        if size == 0:
            raise Unreadable("is empty; remove it, or name it under `exclude`")
        largest = LARGEST_WITH_PICTURES if suffix in FILES and FILES[suffix] is not _web else LARGEST_BYTES
        if size > largest:
            raise Unreadable(
                f"is {size / 1e6:.0f} MB, and the limit for a document is {largest / 1e6:.0f} MB; split it by chapter"
            )
        if suffix in TEXTS:
            text, note = decode_text(path.read_bytes())
            characters = len(text)
            reading = TEXTS[suffix](text)
            if note:
                reading.note(note)
        else:
            reading = FILES[suffix](path)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    document = reading.document(name, rights, stem=name_as_text(path.stem), characters=characters)
    if not re.search(r"\w", document.text):
        raise Unreadable("contains no text; scanned pages need optical character recognition first")
    return document


def decode(data: bytes) -> str:
    """The text in a file's bytes, whatever its encoding.

    Raises:
        Unreadable: it is no text, or in no encoding that can be recognised.
    """
    return decode_text(data)[0]


CHALLENGE = re.compile(
    r"_cf_chl_opt|cf-browser-verification|cf-challenge|/cdn-cgi/challenge-platform/|captcha-delivery\.com|px-captcha|_Incapsula_Resource"
    r"|sgcaptcha|ddos-guard|<title>\s*(?:Just a moment|Attention Required|Access Denied)",
    re.IGNORECASE,
)
"""What the pages carry with which sites keep programs out. Cloudflare puts some of it into its real pages too."""
ASKED_AND_ANSWERED = re.compile(r"itemtype=[\"']https?://schema\.org/QAPage\b|itemprop=[\"']suggestedAnswer\b", re.IGNORECASE)
"""What Stack Exchange and forums for questions carry; pages of frequent questions, which one person wrote, are another type."""
A_NOTICE = 120
"""Words below which a page with such a mark says nothing else."""


def _web(path: Path) -> Reading:
    return _page(path.read_bytes())


def _mhtml(path: Path) -> Reading:
    """A page as Chrome and Edge save it in one file: a mail with the page as its first part of HTML (RFC 2557)."""
    parts = message_from_bytes(path.read_bytes()).walk()
    page = next((part.get_payload(decode=True) for part in parts if part.get_content_type() == "text/html"), None)
    if not isinstance(page, bytes):
        raise Unreadable("is no saved web page; save it again as a page")
    return _page(page)


def _page(data: bytes) -> Reading:
    from curate.read.notes import HIGHLIGHTS, is_kindle_page
    from curate.read.web import read_page

    declared = re.search(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", data[:4096], re.IGNORECASE)
    try:
        text, note = data.decode(declared[1].decode() if declared else "utf-8"), ""
    except (UnicodeDecodeError, LookupError):
        text, note = decode_text(data)
    if is_kindle_page(text):
        raise Unreadable(HIGHLIGHTS)
    if ASKED_AND_ANSWERED.search(text):
        raise Unreadable("is a page of a question and answers by several people; put your own into a text")
    reading = read_page(text)
    if CHALLENGE.search(text) and len(reading.text.split()) < A_NOTICE:
        fix = "open the address in a browser and save the page from there"
        raise Unreadable(f"is not the page, but a site's question whether a person is there; {fix}")
    if note:
        reading.note(note)
    return reading


def _plain_text(text: str) -> Reading:
    if "==========" in text:
        from curate.read.notes import is_clippings, read_clippings

        if is_clippings(text):
            return read_clippings(text)
    if "BODY:" in text:
        from curate.read.blogs import is_movable_type, read_movable_type

        if is_movable_type(text):
            return read_movable_type(text)
    if is_chat(text):
        raise OthersSpeak("is a chat, in which others speak too; read it with `as: conversations` and your name as its `author`")
    if is_transcript(text):
        raise OthersSpeak(_SPOKEN)
    return read_plain_text(text)


def _spoken(_path: Path) -> Reading:
    raise OthersSpeak(_SPOKEN)


def is_chat(text: str) -> bool:
    """Whether a text is a chat as an app exports it."""
    if not re.match(r"\ufeff?\s{0,9}\W{0,9}\d|\ufeff?[A-Z][a-z]{2} \d", text[:40]):  # what no export begins with is not looked at
        return False
    from curate.read.imessage import is_text_export
    from curate.read.whatsapp import is_whatsapp

    return is_text_export(text) or is_whatsapp(text)


def _json(path: Path) -> Reading:
    from curate.read.blogs import posts_of_ghost, read_ghost
    from curate.read.keep import note_in, read_note
    from curate.read.notes import read_day_one
    from curate.read.posts import posts_in, read_posts

    if note := note_in(path):
        return read_note(note)
    try:
        whole = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        whole = None
    if posts := posts_of_ghost(whole):
        return read_ghost(posts)
    own = posts_in(whole)
    return read_day_one(path) if own is None else read_posts(own)


def _notebook(path: Path) -> Reading:
    from curate.read.notebook import read_notebook

    return read_notebook(path.read_text(encoding="utf-8-sig", errors="replace"))


def _markdown(text: str) -> Reading:
    if "type_: " in text[-40:]:
        from curate.read.joplin import item_of, read_item

        if item := item_of(text):
            return read_item(item)
    if is_transcript(text):
        raise OthersSpeak(_SPOKEN)
    return read_markdown(text)


def _of(module: str, reader: str) -> Callable[[Any], Reading]:
    """A reader of this package, whose module is imported with the first file: the libraries behind some are slow."""

    def read(given: Any) -> Reading:
        named: Callable[[Any], Reading] = getattr(import_module(f"curate.read.{module}"), reader)
        return named(given)

    return read


TEXTS: dict[str, Callable[[str], Reading]] = {
    ".markdown": _markdown,
    ".md": _markdown,
    ".mdown": _markdown,
    ".mdx": read_markdown,
    ".org": read_org,
    ".qmd": read_markdown,
    ".rmd": read_markdown,
    ".rst": _of("restructured", "read_rst"),
    ".text": _plain_text,
    ".txt": _plain_text,
}
"""The readers of text formats, which get the decoded text."""

FILES: dict[str, Callable[[Path], Reading]] = {
    ".atom": _of("blogs", "read_blog"),
    ".csv": _of("posts", "read_reviews"),
    ".docx": _of("word", "read_word"),
    ".enex": _of("notes", "read_evernote"),
    ".epub": _of("epub", "read_epub"),
    ".htm": _web,
    ".html": _web,
    ".ipynb": _notebook,
    ".jex": _of("joplin", "read_jex"),
    ".js": _of("posts", "read_tweets"),
    ".json": _json,
    ".mht": _mhtml,
    ".mhtml": _mhtml,
    ".odt": _of("odt", "read_odt"),
    ".pdf": _of("pdf", "read_pdf"),
    ".pptx": _of("slides", "read_slides"),
    ".rss": _of("blogs", "read_blog"),
    ".srt": _spoken,
    ".vtt": _spoken,
    ".xhtml": _web,
    ".xml": _of("blogs", "read_blog"),
    ".zip": _of("notes", "read_day_one"),
}
"""The readers of binary formats, which get the file."""

_AS_WORD = "open it and save a copy as DOCX"
_SPOKEN = (
    "is what was said in a recording, by others too; read it with `as: conversations` and your name as its `author`, or put what "
    "you said into a text of its own"
)
REFUSED: dict[str, str] = {
    ".azw": "is a Kindle book; use an EPUB of it",
    ".azw3": "is a Kindle book; use an EPUB of it",
    ".doc": f"is a file of an old Word; {_AS_WORD}",
    ".fountain": "is a screenplay in plain text; save a copy as .txt",
    ".key": "is a presentation of Keynote; export it as PPTX",
    ".mobi": "is a Kindle book; use an EPUB of it",
    ".pages": "is a document of Pages; export it as DOCX",
    ".ppt": "is a file of an old PowerPoint; open it and save a copy as PPTX",
    ".rtf": f"is RTF; {_AS_WORD} (of a Scrivener project: compile it as DOCX)",
    ".tex": "is TeX; convert it with `pandoc FILE -o NEW.md`, or name the PDF made of it",
}
"""Common formats that are not read, each with the message for `Unreadable` that says what to do."""

READABLE = sorted({*TEXTS, *FILES})
