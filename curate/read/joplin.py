"""Read the notes of Joplin as its RAW export and its JEX file have them: a title, the text, and fields at the end.

Notebooks, tags and the records of pictures are files of the same form. The last field, `type_`, tells them apart.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from curate.read.markdown import read_markdown
from curate.read.reading import LINE_END, Reading, Unreadable

NOTE, HTML = "1", "2"
"""A note by its `type_`, and one in HTML by its `markup_language`."""
LARGEST_NOTE = 20_000_000
_ENDS = re.compile(r"(?:^|\n)type_: \d{1,3}\s*\Z")
_FIELD = re.compile(r"([A-Za-z_]\w{0,60}): ?(.*)")
_ID = re.compile(r"[0-9a-f]{32}")
_ITEM = re.compile(r"(?:\./)?[0-9a-f]{32}\.md")


@dataclass(frozen=True, slots=True)
class Item:
    """A note, or something else that Joplin keeps."""

    said: str
    """The title, a blank line, and the text."""
    fields: dict[str, str]

    @property
    def is_note(self) -> bool:
        """Whether it is a note that was not deleted."""
        return self.fields["type_"] == NOTE and self.fields.get("deleted_time", "0") in ("", "0")

    @property
    def is_encrypted(self) -> bool:
        """Whether only its cipher is there."""
        return self.fields.get("encryption_applied") == "1"

    @property
    def clipped_from(self) -> str:
        """The address of the web page that it is a copy of; "" if it is none."""
        return self.fields.get("source_url", "")


def item_of(text: str) -> Item | None:
    """What is in a file of a RAW export; None if the text is something else.

    The fields are the last lines, down from a blank line. So a line of the note that looks like a field stays in it.
    """
    if not _ENDS.search(text[-40:]):
        return None
    said, _, lines = ("\n\n" + LINE_END.sub("\n", text).removeprefix("\ufeff").strip()).rpartition("\n\n")
    found = [_FIELD.fullmatch(line) for line in lines.split("\n")]
    fields = {each[1]: each[2].strip() for each in found if each}
    if not all(found) or not _ID.fullmatch(fields.get("id", "")):
        return None
    return Item(said.strip("\n"), fields)


def is_no_note(path: Path) -> bool:
    """Whether a file is a part of a RAW export that is no note: a notebook, a tag, the record of a picture, a deleted note."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 40, 0))
            if b"type_: " not in file.read() or size > LARGEST_NOTE:
                return False
            file.seek(0)
            item = item_of(file.read().decode("utf-8", "replace"))
    except OSError:  # the reader will say so
        return False
    return item is not None and not item.is_note


def read_item(item: Item) -> Reading:
    """The note in a file of a RAW export.

    Raises:
        Unreadable: it is no note, is encrypted, or a copy of a web page.
    """
    if not item.is_note:
        raise Unreadable("is a notebook, a tag, a file's record or a deleted note of Joplin; leave it out with `exclude`")
    if item.is_encrypted:
        raise Unreadable("is an encrypted note of Joplin; turn its encryption off, wait until it is done, and export again")
    if item.clipped_from:
        raise Unreadable(
            f"was clipped from {item.clipped_from[:100]} with Joplin, so others wrote it; leave it out with `exclude`"
        )
    reading = Reading()
    _add(reading, item)
    return reading


def read_jex(path: Path) -> Reading:
    """The notes of a JEX file in the order in which they were written. Copies of web pages are left out.

    Raises:
        Unreadable: it is no such file, or all its notes are encrypted.
    """
    import tarfile

    items: list[Item] = []
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isfile() and member.size <= LARGEST_NOTE else None
                if opened and _ITEM.fullmatch(member.name) and (item := item_of(opened.read().decode("utf-8", "replace"))):
                    items.append(item)
    except (tarfile.TarError, EOFError) as error:
        raise Unreadable(f"cannot be read as JEX ({str(error)[:160]}); export the notes again") from None
    notes = [item for item in items if item.is_note]
    encrypted = [item for item in notes if item.is_encrypted]
    if not notes or len(encrypted) == len(notes):
        why = "has only encrypted notes; turn Joplin's encryption off" if notes else "has no notes; choose some in Joplin"
        raise Unreadable(f"{why}, and export again")
    reading = Reading(path.stem)
    for item in sorted(notes, key=lambda each: each.fields.get("user_created_time") or each.fields.get("created_time", "")):
        if item.is_encrypted:
            continue
        if item.clipped_from:
            reading.leave_out("web_clip", item.said)
        else:
            _add(reading, item)
    if encrypted:
        does = "is" if len(encrypted) == 1 else "are"
        reading.note(f"{len(encrypted)} of {len(notes)} notes {does} encrypted and cannot be read")
    return reading


def _add(reading: Reading, item: Item) -> None:
    """Append a note below its title."""
    title, _, text = item.said.partition("\n")
    if title.strip():
        reading.add("heading", f"# {title.strip()}")
    if item.fields.get("markup_language") == HTML:
        from curate.read.markup import parse, put_in
        from curate.read.web import fragment_parts

        put_in(reading, fragment_parts(parse(text)))
    else:
        reading.append(read_markdown(text))
