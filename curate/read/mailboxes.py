"""Find the mails in mbox files of any name, in Maildir folders, in .eml and .emlx files, and in the folders of mail programs.

A mailbox is read once, one mail at a time, so its size does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

LARGEST_MAIL = 50_000_000
"""Most bytes that are kept of one mail. The text comes first, then the attachments."""

HEADER = re.compile(rb"[!-9;-~]{1,76}:|>?From ")
SEPARATOR_TIME = re.compile(rb"\d{1,2}:\d{2}(?::\d{2})?\b.{0,20}\b\d{4}\b|\b\d{4}\b.{0,20}\d{1,2}:\d{2}")
EMLX_LENGTH = re.compile(rb"\d{1,10}[ \t]*\r?\n")
DELETED_IN_THUNDERBIRD = re.compile(rb"^X-Mozilla-Status: [0-9a-fA-F]{3}[89a-fA-F]", re.MULTILINE)
"""The header of a mail that is deleted but still in the file (the bit 0x0008)."""
NOT_SENT = re.compile(r":2,[A-Z]*[DT][A-Z]*$")
"""The flags of drafts and deleted mail in the file names of a Maildir."""


def is_mail(path: Path) -> bool:
    """Whether a file or a folder holds mail, judged by its name, else by its content."""
    if path.is_dir():
        return next(_mail_files(path), None) is not None
    return path.suffix.lower() in (".mbox", ".mbx", ".eml", ".emlx") or _begins_like_mbox(path)


def is_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox file must."""
    with path.open("rb") as file:
        return file.read(5) == b"From "


def raw_mails(path: Path) -> Iterator[bytes]:
    """The raw mails of a file or a folder. Drafts and deleted mails are left out if the mail program marks or names them."""
    if _is_unsent(_names(path)):
        return
    for file in _mail_files(path) if path.is_dir() else [path]:
        suffix = file.suffix.lower()
        if suffix == ".emlx":
            with file.open("rb") as opened:
                first = opened.readline(20)
                length = int(first) if EMLX_LENGTH.fullmatch(first) else LARGEST_MAIL
                yield opened.read(min(length, LARGEST_MAIL))
        elif suffix == ".eml" or file.parent.name in ("cur", "new"):
            with file.open("rb") as opened:
                yield opened.read(LARGEST_MAIL)
        else:
            with file.open("rb") as opened:
                yield from split_mbox(iter(partial(opened.readline, 1_000_000), b""))


def split_mbox(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The mails of an mbox.

    A line that begins with `From ` separates two mails only if headers follow it. It must also have a time, as mail programs
    write it; after a blank line, one word or none behind `From` is enough. People begin sentences with "From", too, and not
    every mail program puts a `>` before them.
    """
    mail: list[bytes] = []
    size = 0
    after_blank = True
    separator: bytes | None = None
    begun = False
    for line in lines:
        if separator is not None:
            if HEADER.match(line) or (not line.strip() and not begun):
                if begun:
                    yield from _whole(mail)
                mail, size, begun = [], 0, True
            else:
                mail.append(separator)
            separator = None
        if line.startswith(b"From ") and _may_separate(line, after_blank):
            separator = line
            continue
        size += len(line)
        if size <= LARGEST_MAIL:
            mail.append(line)
        after_blank = not line.strip()
    if separator is not None:
        mail.append(separator)
    yield from _whole(mail)


def _may_separate(line: bytes, after_blank: bool) -> bool:
    timed = SEPARATOR_TIME.search(line[:300])
    return bool(timed) if not after_blank else bool(timed) or len(line.split()) <= 2


def _whole(mail: list[bytes]) -> Iterator[bytes]:
    whole = b"".join(mail)
    if whole.strip() and not DELETED_IN_THUNDERBIRD.search(whole[:4000]):
        yield whole


NOT_SENT_FOLDERS = frozenset(
    """drafts draft trash junk spam templates unsentmessages outbox deleted deletedmessages deleteditems junkemail bin entwürfe
    papierkorb brouillons corbeille borradores papelera bozze cestino rascunhos lixeira concepten prullenbak utkast kladder
    luonnokset черновики корзина 草稿 下書き""".split()
)
"""Names that mail programs give to the folders of drafts, deleted mail and spam."""


def _is_unsent(parts: Iterable[str]) -> bool:
    plain = [re.sub(r"\.(?:mbox|mbx|sbd|mbs)$", "", part.casefold()) for part in parts]
    return any(re.sub(r"[\W_]", "", part.rpartition(".")[2] or part) in NOT_SENT_FOLDERS for part in plain)


def _names(path: Path) -> Iterator[str]:
    """The names of a mailbox: of its file, or of the folder around it if every such folder has a file of that name."""
    yield path.name
    if path.name == "mbox" or path.suffix.lower() in (".emlx", ".eml"):
        yield path.parent.name


def _mail_files(folder: Path) -> Iterator[Path]:
    """The mail files in a folder: Apple's `X.mbox/mbox`, Maildir's `cur` and `new`, `.eml`, and mbox files of any name."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or _is_unsent(path.relative_to(folder).parts):
            continue
        suffix = path.suffix.lower()
        if suffix in (".eml", ".emlx"):
            yield path
        elif path.parent.name in ("cur", "new"):
            if not NOT_SENT.search(path.name):
                yield path
        elif suffix in (".mbox", ".mbx", "") and _begins_like_mbox(path):
            yield path


def _begins_like_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From " and bool(HEADER.match((file.readline(2000), file.readline(2000))[1]))
